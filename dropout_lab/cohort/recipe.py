"""What the trainer is told and what it tells: the shared structure, one run's recipe, one run's result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from dropout_lab.cohort.loss import AbstractLoss, Plain
from dropout_lab.cohort.optim import AbstractOptimizer
from dropout_lab.core.streams import generator
from dropout_lab.core.trial import Execution
from dropout_lab.datasets.dataset import Dataset, Split
from dropout_lab.sites.method import AbstractDropout

Status = Literal["complete", "pruned", "failed"]
Precision = Literal["float32", "bfloat16"]
Compile = Literal["auto", "always", "again", "never"]
"""`again`: compiled, as this structure's runs were before; eager only if that cannot be done any more."""


@dataclass(frozen=True)
class Structure:
    """What the runs of one cohort share, and what its program is made for."""

    build: Callable[[], nn.Module]
    dataset: Dataset
    dropout: Mapping[str, AbstractDropout]
    """Site -> method; the others cannot drop."""
    batch_size: int
    optimizer: AbstractOptimizer
    """Its numbers do not count here: each recipe brings its own."""
    loss: AbstractLoss = field(default_factory=Plain)
    options: frozenset[str] = frozenset()
    """Which of `roles.options` the runs have."""
    precision: Precision = "float32"
    """Of the products; parameters, optimizer state and losses are float32 always."""
    name: str | None = None
    """All of the above in words, if these classes are ours alone: what programs are found by without tracing them."""
    mc_samples: int | None = None
    """Passes with dropout on whose mean is measured on the test part; None: no such measurement."""
    gap_examples: int | None = None
    """Of the training part, measured in evaluation mode for the gap; None: as many as the validation part has."""
    pretraining: "Pretraining | None" = None
    """What the networks have been through when their training begins; None: nothing."""

    def split(self, seed: int) -> Split:
        """The division of the dataset, to be read as in the pretraining if there is one."""
        split = self.dataset.split(seed)
        return split if self.pretraining is None else split.read_as(self.pretraining.split(seed))


@dataclass(frozen=True, eq=False)
class Pretraining:
    """A training before the one that is compared, the same for all runs of a seed, whatever their dropout."""

    structure: Structure
    """Of the same model, without dropout, with other examples; its optimizer's numbers count."""
    epochs: int
    networks: dict[int, Mapping[str, Tensor]] = field(default_factory=dict)
    """Seed -> parameters and buffers, by name, of the networks that have been trained so far."""

    def seed(self, seed: int) -> int:
        """The pretraining's own seed: nothing that is drawn in it is drawn again in the training."""
        return int(generator(seed, "pretraining").integers(2**32))

    def split(self, seed: int) -> Split:
        return self.structure.dataset.split(self.seed(seed))


@dataclass(frozen=True)
class Recipe:
    """What is a run's own: everything else about its training is in the structure."""

    id: str
    seed: int
    rates: Mapping[str, float]
    """Site -> rate; other sites have rate 0."""
    schedule: Callable[[float], float]
    """Progress in [0, 1] -> multiplier of all rates; read at every step."""
    optimizer: AbstractOptimizer
    epochs: int
    patience: int | None
    """Stop when the validation loss has not fallen for so many epochs."""
    options: Mapping[str, float] = field(default_factory=dict)
    """The values of the structure's options."""


@dataclass(frozen=True)
class Result:
    """How a run ended.

    Curves: metric -> value per epoch, None where a metric does not exist; what a site has learned is `<what>/<site>`.
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
    confidence: Mapping[str, float] = field(default_factory=dict)
    """Further metrics of a complete classification on the test part; see `cohort.confidence`."""
    log_probs: NDArray[np.float32] | None = None
    """(n, classes) on the test part, of such a run."""
    targets: NDArray[np.int64] | None = None
    """(n,)"""


@dataclass(frozen=True)
class Use:
    """How an epoch used the lanes."""

    width: int
    """Lanes that there were."""
    used: int
    """Lanes that trained a run."""
    started: float
    """Seconds since 1970."""
    seconds: float


class RunQueue(Protocol):
    """Who gives the trainer its runs and takes what comes of them."""

    def next(self) -> Recipe | None:
        """The next run of this structure, or None if there is none now."""

    def epoch(self, rows: Mapping[str, Sequence[float | int | str | None]]) -> set[str]:
        """Takes the metrics of one epoch, a parallel list per column, `id` and `epoch` among them.

        What a site's method has learned is a column `<what>/<site>`.
        Returns the ids of the runs to stop now.
        """

    def used(self, use: Use) -> None:
        """Takes how the epoch used the lanes whose metrics come next."""

    def began(self, execution: Execution) -> None:
        """Takes how the runs will be trained that are given from now on, before the first of them is."""

    def done(self, results: Sequence[Result]) -> None:
        """Takes the results of the runs that have left their lanes."""

    def planned(self) -> int:
        """About how many runs of the structure there are in all, whichever are done: what compiling them must pay for.

        The same at any time and for every worker, so that one structure is not compiled here and eager there.
        """

    def say(self, text: str) -> None:
        """Takes a line about how the training goes, for people."""


class RunList:
    """A `RunQueue` of given recipes, in their order. Keeps the results by the runs' ids."""

    def __init__(self, recipes: Sequence[Recipe]) -> None:
        self._left, self._planned = list(reversed(recipes)), len(recipes)
        self.results: dict[str, Result] = {}

    def next(self) -> Recipe | None:
        return self._left.pop() if self._left else None

    def epoch(self, rows: Mapping[str, Sequence[float | int | str | None]]) -> set[str]:
        return set()

    def used(self, use: Use) -> None:
        pass

    def began(self, execution: Execution) -> None:
        pass

    def done(self, results: Sequence[Result]) -> None:
        self.results |= {result.recipe.id: result for result in results}

    def planned(self) -> int:
        return self._planned

    def say(self, text: str) -> None:
        pass
