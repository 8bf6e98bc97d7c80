"""Metrics of the predictions, declared once and measured only where `metric=`, `objective=` or `trainer.best` asks.

Each is `val_<name>` after every epoch and at the best and the last epoch, and `test_<name>` at the end. `<...>_chance`
is its value for the answer that ignores the inputs: always the frequencies of the training part's targets, or their
mean. The functions are in `cohort.on_request`, over all lanes at once; here is what other rooms need to know.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from dropout_lab.core.metrics.metric import (
    CLASSES,
    FRACTION,
    NATS,
    NO_UNIT,
    AtEnd,
    Direction,
    Ended,
    Metric,
    PerEpoch,
    Unit,
    Value,
)

PARTS: Mapping[str, str] = {"val": "validation", "test": "test"}
"""The parts of the data that predictions are measured on, and their names in titles."""

CHANCE = "_chance"
"""Ends the field with a metric's value for the answer that ignores the inputs."""

CLASS = frozenset({"classification"})
LABELS = frozenset({"classification", "multilabel"})
NUMBER = frozenset({"regression"})

DEVIATIONS = Unit("standard deviations of the training target")
"""Errors of the standardised target: multiply by its standard deviation in the training part for the target's unit."""

OF_CLASS = "mean over the classes that occur in the part's targets or answers"
ONE_AGAINST_REST = "each class against all others, mean over the classes that the part has and that are not all of it"


@dataclass(frozen=True, kw_only=True)
class OnRequest:
    """The declaration of a metric of the predictions on a part of the data."""

    name: str
    """As `metric=` has it."""
    title: str
    meaning: str
    tasks: frozenset[str]
    unit: Unit = FRACTION
    low: float = 0.0
    high: float = math.inf
    direction: Direction = "maximize"
    least_outputs: int = 1
    """The fewest classes for which it says anything."""
    of_loss: Callable[[float], float] | None = None
    """Its value from the mean loss; None: it is measured on the predictions."""


_DECLARED = (
    OnRequest(
        name="f1_macro",
        title="macro F1",
        meaning=f"F1, {OF_CLASS}; of several labels, those at a probability above 0.5",
        tasks=LABELS,
        high=1,
    ),
    OnRequest(
        name="f1_weighted",
        title="weighted F1",
        meaning="F1, mean over classes weighted by how often each is the target",
        tasks=LABELS,
        high=1,
    ),
    OnRequest(
        name="balanced_accuracy",
        title="balanced accuracy",
        meaning="recall, mean over the classes that occur in the part's targets",
        tasks=CLASS,
        high=1,
    ),
    OnRequest(
        name="auroc",
        title="AUROC",
        meaning=f"area under the ROC curve: {ONE_AGAINST_REST}",
        tasks=LABELS,
        high=1,
    ),
    OnRequest(
        name="auprc",
        title="AUPRC",
        meaning=f"average precision, the area under the precision-recall curve: {ONE_AGAINST_REST}",
        tasks=LABELS,
        high=1,
    ),
    OnRequest(
        name="mcc",
        title="Matthews correlation",
        meaning="Matthews correlation coefficient of answers and targets; 0 where all answers or targets are one class",
        tasks=CLASS,
        unit=NO_UNIT,
        low=-1,
        high=1,
    ),
    OnRequest(
        name="top_3_accuracy",
        title="top-3 accuracy",
        meaning="share of examples whose class is among the three most probable",
        tasks=CLASS,
        high=1,
        least_outputs=4,
    ),
    OnRequest(
        name="top_5_accuracy",
        title="top-5 accuracy",
        meaning="share of examples whose class is among the five most probable",
        tasks=CLASS,
        high=1,
        least_outputs=6,
    ),
    OnRequest(
        name="brier",
        title="Brier score",
        meaning="squared distance of the probabilities to the target (Brier, 1950), summed over classes, so at most 2",
        tasks=CLASS,
        unit=NO_UNIT,
        high=2,
        direction="minimize",
    ),
    OnRequest(
        name="log_loss",
        title="log loss",
        meaning="the loss itself, under scikit-learn's name: mean negative log-likelihood",
        tasks=CLASS,
        unit=NATS,
        direction="minimize",
        of_loss=float,
    ),
    OnRequest(
        name="perplexity",
        title="perplexity",
        meaning="exp of the loss in nats, of an example or, where tokens are predicted, of a token",
        tasks=CLASSES,
        unit=NO_UNIT,
        low=1,
        direction="minimize",
        of_loss=lambda loss: math.exp(loss) if loss < 700 else math.inf,
    ),
    OnRequest(
        name="mae",
        title="mean absolute error",
        meaning="mean absolute error of the standardised target",
        tasks=NUMBER,
        unit=DEVIATIONS,
        direction="minimize",
    ),
    OnRequest(
        name="rmse",
        title="root mean squared error",
        meaning="root of the mean squared error of the standardised target",
        tasks=NUMBER,
        unit=DEVIATIONS,
        direction="minimize",
    ),
    OnRequest(
        name="r2",
        title="R²",
        meaning="share of the variance of the part's targets that is explained; 0 is their mean, below 0 is worse",
        tasks=NUMBER,
        unit=NO_UNIT,
        low=-math.inf,
        high=1,
    ),
    OnRequest(
        name="pinball_10",
        title="pinball loss at 10 %",
        meaning="pinball loss of the answer as the 10 % quantile, of the standardised target",
        tasks=NUMBER,
        unit=DEVIATIONS,
        direction="minimize",
    ),
    OnRequest(
        name="pinball_90",
        title="pinball loss at 90 %",
        meaning="pinball loss of the answer as the 90 % quantile, of the standardised target",
        tasks=NUMBER,
        unit=DEVIATIONS,
        direction="minimize",
    ),
)

ON_REQUEST: Mapping[str, OnRequest] = {one.name: one for one in _DECLARED}
"""Name -> declaration, in the order of tables and columns."""


def fields() -> Iterator[Metric]:
    """The metrics in the records that the declarations stand for, with those of chance behind."""
    yield from map(_per_epoch, ON_REQUEST.values())
    yield from map(_at_the_end, ON_REQUEST.values())
    chance = "of always answering with the training part's most frequent class"
    for part, name in PARTS.items():
        yield _chance(f"{part}_accuracy", f"{name} accuracy {chance}", FRACTION, 0.0, 1.0, CLASSES, "maximize")
        for one in ON_REQUEST.values():
            meaning = f"{name} {one.title} of always answering with the training part's frequencies, or mean"
            yield _chance(f"{part}_{one.name}", meaning, one.unit, one.low, one.high, one.tasks, one.direction)


def _per_epoch(one: OnRequest) -> PerEpoch:
    return PerEpoch(
        name=f"val_{one.name}",
        title=f"validation {one.title}",
        meaning=f"{one.meaning}; on the validation part",
        of=None if one.of_loss is None else partial(_from_loss, of_loss=one.of_loss),
        unit=one.unit,
        low=one.low,
        high=one.high,
        direction=one.direction,
        tasks=one.tasks,
        objective=f"val_{one.name}",
        shown="compared",
        optional=True,
    )


def _from_loss(at: Mapping[str, float | None], of_loss: Callable[[float], float]) -> float | None:
    loss = at["val_loss"]
    return None if loss is None else of_loss(loss)


def _at_the_end(one: OnRequest) -> AtEnd:
    return AtEnd(
        name=f"test_{one.name}",
        title=f"test {one.title}",
        meaning=f"{one.meaning}; on the test set, with the weights of the best epoch",
        of=partial(_measured, field=f"test_{one.name}"),
        unit=one.unit,
        low=one.low,
        high=one.high,
        direction=one.direction,
        tasks=one.tasks,
        shown="compared",
        optional=True,
    )


def _chance(
    field: str, meaning: str, unit: Unit, low: float, high: float, tasks: frozenset[str], direction: Direction
) -> AtEnd:
    name = f"{field}{CHANCE}"
    return AtEnd(
        name=name,
        title=f"chance level of {field}",
        meaning=meaning,
        of=partial(_measured, field=name),
        unit=unit,
        low=low,
        high=high,
        direction=direction,
        tasks=tasks,
        shown="listed",
        optional=True,
    )


def _measured(ended: Ended, field: str) -> Value:
    return ended.on_request.get(field)
