"""Trainer inputs and outputs: the shared structure, a run's recipe, a run's result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

from torch import Tensor, nn

from dropout_lab.cohort.lift import Engine
from dropout_lab.cohort.loss import AbstractLoss, Plain
from dropout_lab.cohort.optim import AbstractOptimizer
from dropout_lab.config import lr_schedule, momentum_schedule
from dropout_lab.core.metrics.answers import Answers
from dropout_lab.core.metrics.metric import BEST_BY, Ended
from dropout_lab.core.metrics.summary import summary
from dropout_lab.core.metrics.table import METRICS
from dropout_lab.core.seeding import generator
from dropout_lab.core.trial import Execution
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.split import Split
from dropout_lab.sites.method import AbstractDropout

Status = Literal["complete", "pruned", "failed"]
Precision = Literal["float32", "bfloat16"]
Compile = Literal["auto", "always", "again", "never"]
"""`again`: compiled, as this structure's runs were before; eager only if that is no longer possible."""
Keep = Literal["best", "last"]
"""Which epoch's weights are kept: those of the best one, or the last."""


@dataclass(frozen=True)
class Structure:
    """Everything that the runs of one cohort share; its program is made for it."""

    build: Callable[[], nn.Module]
    dataset: Dataset
    dropout: Mapping[str, AbstractDropout]
    """Site -> method; other sites cannot drop."""
    batch_size: int
    optimizer: AbstractOptimizer
    """Its class and its switches; each recipe has its own numbers."""
    loss: AbstractLoss = field(default_factory=Plain)
    options: frozenset[str] = frozenset()
    """Which of `roles.options` the runs have."""
    precision: Precision = "float32"
    """The dtype of the products; parameters, optimizer state and losses are always float32."""
    name: str | None = None
    """A description of the above, unless users' classes are in it; it identifies programs without tracing them."""
    metrics: Sequence[str] = ()
    """The metrics on request that are measured, see `core.metrics.on_request`."""
    mc_samples: int | None = None
    """Passes with dropout that are averaged on the test set; None: no such measurement."""
    gap_examples: int | None = None
    """Examples of the training part that are evaluated for the gap; None: as many as the validation part has."""
    engine: Engine = "lanes"
    pretraining: "Pretraining | None" = None
    """The training before the one that is compared; None: the networks begin untrained."""
    author_names: Callable[[], Mapping[str, str]] | None = None
    """What the networks of results are named by: name -> that of a parameter or buffer of `build`. None: the latter."""

    def split(self, seed: int) -> Split:
        """A seed's division of the dataset, read as in the pretraining if there is one."""
        split = self.dataset.split(seed)
        return split if self.pretraining is None else split.read_as(self.pretraining.split(seed))


@dataclass(frozen=True, eq=False)
class Pretraining:
    """A training before the one that is compared; all runs of a seed share it."""

    structure: Structure
    """The same model without dropout, on other examples; the numbers of its optimizer are used."""
    epochs: int
    networks: dict[int, Mapping[str, Tensor]] = field(default_factory=dict)
    """Seed -> parameters and buffers, by name, of the networks trained so far."""

    def seed(self, seed: int) -> int:
        """The pretraining's own seed, so that the training draws other numbers."""
        return int(generator(seed, "pretraining").integers(2**32))

    def split(self, seed: int) -> Split:
        """The division of the pretraining's dataset."""
        return self.structure.dataset.split(self.seed(seed))


@dataclass(frozen=True)
class Recipe:
    """What belongs to one run; the rest of its training is in the structure."""

    id: str
    seed: int
    rates: Mapping[str, float]
    """Site -> rate; other sites have rate 0."""
    schedule: Callable[[float], float]
    """Progress in [0, 1] -> multiplier of all rates; read at every step."""
    optimizer: AbstractOptimizer
    epochs: int
    patience: int | None
    """Epochs without a better value of `best_by` after which the run stops; None: it never stops early."""
    options: Mapping[str, float] = field(default_factory=dict)
    """The values of the structure's options."""
    keep: Keep | None = None
    """Which network its result holds; None: none."""
    lr_schedule: Callable[[int, int], float] = field(default_factory=lr_schedule.Constant)
    """Optimizer step, number of all of them -> multiplier of the learning rate."""
    momentum_schedule: Callable[[float, int, int], float] = field(default_factory=momentum_schedule.Constant)
    """The optimizer's momentum, optimizer step, number of all of them -> momentum."""
    best_by: str = BEST_BY
    """The metric of an epoch by which the best one is chosen."""


@dataclass(frozen=True)
class Result:
    """The outcome of a run.

    curves: metric -> value per epoch, None where a metric does not exist; learned values of a site are `<what>/<site>`.
    """

    recipe: Recipe
    status: Status
    reason: str | None
    traceback: str | None
    curves: Mapping[str, Sequence[float | None]]
    stopped_early: bool
    test_loss: float | None
    test_accuracy: float | None
    seconds: float
    execution: Execution
    chance_loss: float | None = None
    """The validation loss of a network that ignores its inputs; None of a run that never began."""
    answers: Answers | None = None
    """Predictions of a complete classification on the test set."""
    network: Mapping[str, Tensor] | None = None
    """Parameters and buffers by the author's names, on the CPU, if the recipe keeps them; None of a failed run."""
    on_request: Mapping[str, float] = field(default_factory=dict)
    """See `Ended.on_request`."""
    measured: Mapping[str, float | None] = field(default_factory=dict)
    """What `measure=` found of a complete run, by the fields of its record."""

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """The metrics in the record of a run that trained an epoch at least."""
        return summary(
            Ended(
                curves=self.curves,
                horizon=self.recipe.epochs,
                chance_loss=self.chance_loss,
                test_loss=self.test_loss,
                test_accuracy=self.test_accuracy,
                answers=self.answers,
                on_request=self.on_request,
                best_by=self.recipe.best_by,
                best_direction=METRICS[self.recipe.best_by].direction,
            )
        ) | dict(self.measured)


@dataclass(frozen=True)
class LaneUsage:
    """The use of the lanes in an epoch."""

    width: int
    """All lanes."""
    used: int
    """Lanes that trained a run."""
    started: float
    """Seconds since 1970."""
    seconds: float


class RunQueue(Protocol):
    """The trainer's source of runs and sink for results."""

    def next(self) -> Recipe | None:
        """The next run of this structure, or None if there is none now."""

    def epoch(self, rows: Mapping[str, Sequence[float | int | str | None]]) -> set[str]:
        """Takes the metrics of one epoch: parallel lists, including `id` and `epoch`; learned values of a site are a
        column `<what>/<site>`. Returns the ids of the runs to stop now.
        """

    def used(self, usage: LaneUsage) -> None:
        """Takes the use of the lanes in the epoch whose metrics come next."""

    def began(self, execution: Execution) -> None:
        """Takes the execution of all later runs, before the first of them is trained."""

    def done(self, results: Sequence[Result]) -> None:
        """Takes the results of the runs that have left their lanes."""

    def planned(self) -> int:
        """About how many runs of the structure there are in all, done or not; compiling must pay for these.

        It is the same at any time and for every worker, so that all of them decide alike whether to compile.
        """

    def say(self, text: str) -> None:
        """Takes a line about the progress of the training, for people."""


class RunList:
    """A `RunQueue` of given recipes, in their order, which keeps the results by run id."""

    def __init__(self, recipes: Sequence[Recipe]) -> None:
        self._left, self._planned = list(reversed(recipes)), len(recipes)
        self.results: dict[str, Result] = {}

    def next(self) -> Recipe | None:
        return self._left.pop() if self._left else None

    def epoch(self, rows: Mapping[str, Sequence[float | int | str | None]]) -> set[str]:
        return set()

    def used(self, usage: LaneUsage) -> None:
        pass

    def began(self, execution: Execution) -> None:
        pass

    def done(self, results: Sequence[Result]) -> None:
        self.results |= {result.recipe.id: result for result in results}

    def planned(self) -> int:
        return self._planned

    def say(self, text: str) -> None:
        pass
