"""A metric's declaration: everything that other rooms need to know about it, said once."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dropout_lab.core.metrics.answers import Answers

Value = float | int | bool | None
"""A metric's value in a run's record; None where the run has none."""

Direction = Literal["minimize", "maximize"]

Shown = Literal["compared", "averaged", "listed"]
"""What the table of configurations holds: compared, the mean over seeds and the difference to the baseline, tested;
averaged, the mean alone; listed, nothing, as the metric is only in the frame of runs."""

BEST_BY = "val_loss"
"""The metric by which a run's best epoch is chosen, unless `trainer.best` names another one."""

EVERY_TASK = frozenset({"classification", "token_classification", "multilabel", "regression"})
CLASSES = frozenset({"classification", "token_classification", "multilabel"})
"""The tasks whose targets are classes or labels, so that answers are right or wrong, see `datasets.dataset.Task`."""


@dataclass(frozen=True)
class Unit:
    """A unit: as records hold it and as people read it."""

    name: str = ""
    """In the records and in the documentation of columns, e.g. `fraction`."""
    shown: str = ""
    """On an axis and behind a number, e.g. `%`."""
    factor: float = 1.0
    """Shown value over recorded value."""
    difference: str = ""
    """Behind a difference of two values, e.g. `pp`."""
    regression: str = ""
    """The name for a regression, where it is another one; nothing is then shown."""

    @property
    def described(self) -> str:
        """The name for every task."""
        return f"{self.name}; regression: {self.regression}" if self.regression else self.name


NO_UNIT = Unit()
FLAG = Unit("1 or 0")
LOSS = Unit("nats", "nats", regression="variances of the training target")
"""Mean cross-entropy of an example, of several labels of a label, or mean squared error of a standardised target."""
NATS = Unit("nats", "nats")
FRACTION = Unit("fraction", "%", 100.0, "pp")
POINTS = Unit("fraction", "pp", 100.0, "pp")
"""A difference of two fractions."""
EPOCHS = Unit("epochs", "epochs")
SECONDS = Unit("s", "s")


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric. This class itself: one that the report makes of several runs."""

    name: str
    """Its field in the records and its column in the frames."""
    title: str
    """In tables, figures and sentences, e.g. `validation loss`."""
    meaning: str
    """What its column holds, for the documentation."""
    unit: Unit = NO_UNIT
    low: float = -math.inf
    high: float = math.inf
    """The least and the greatest value that it can have, in the unit of the records."""
    direction: Direction = "minimize"
    """Which values are better."""
    tasks: frozenset[str] = EVERY_TASK
    objective: str | None = None
    """What `objective=` calls it; None where a sweep must not optimise it, as the test set's metrics."""
    shown: Shown = "averaged"
    optional: bool = False
    """Whether records and frames lack it where no run has it; it is None elsewhere."""

    @property
    def is_maximised(self) -> bool:
        return self.direction == "maximize"


@dataclass(frozen=True, kw_only=True)
class PerEpoch(Metric):
    """A metric that a run has after every epoch; its record has the values of the best epoch and of the last."""

    of: Callable[[Mapping[str, float | None]], float | None] | None = None
    """Its value from the other metrics of its epoch, those above it in the table; None: the trainer measures it."""
    in_curves: bool = True
    """Whether the records of an epoch hold it; a difference of two others need not be."""
    in_runs: bool = True
    """Whether the record of a run holds it."""
    shown_last: bool = False
    """Whether the table of configurations has the mean at the last epoch, too."""


@dataclass(frozen=True)
class Ended:
    """What is known of a run when it ends: all that an `AtEnd` metric can be made of."""

    curves: Mapping[str, Sequence[float | None]]
    """The `PerEpoch` metrics in the records, by name, of equal length; None where a metric does not exist."""
    horizon: int
    """Planned epochs."""
    chance_loss: float | None = None
    """Validation loss of a network that ignores its inputs."""
    test_loss: float | None = None
    test_accuracy: float | None = None
    """On the test set, with the weights of the best epoch; None for a regression."""
    answers: Answers | None = None
    """The predictions of a complete classification on the test set."""
    on_request: Mapping[str, float] = field(default_factory=dict)
    """Field -> value of what was asked for: on the test set, and of the answer that ignores the inputs."""
    best_by: str = BEST_BY
    """The metric of an epoch by which the best one is chosen."""
    best_direction: Direction = "minimize"
    """Which of its values are better."""


@dataclass(frozen=True, kw_only=True)
class AtEnd(Metric):
    """A metric that a run has once, when it ends."""

    of: Callable[[Ended], Value] | None = None
    """Its value; None: the trainer measures it."""
    is_confidence: bool = False
    """Whether the report's table of confidence has it."""
