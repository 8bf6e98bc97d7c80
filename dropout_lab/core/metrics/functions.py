"""The functions of declarations: from the metrics of an epoch, and from what is known when a run ends."""

from collections.abc import Callable, Mapping

import numpy as np

from dropout_lab.core.metrics import answers, curves
from dropout_lab.core.metrics.answers import Answers
from dropout_lab.core.metrics.metric import Ended


def gap_loss(at: Mapping[str, float | None]) -> float | None:
    """Validation minus train loss."""
    return _difference(at["val_loss"], at["train_loss"])


def gap_accuracy(at: Mapping[str, float | None]) -> float | None:
    """Train minus validation accuracy."""
    return _difference(at["train_accuracy"], at["val_accuracy"])


def _difference(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def curve(ended: Ended, name: str) -> curves.Curve:
    """A metric of every epoch."""
    return np.asarray(ended.curves[name], dtype=np.float64)


def best_epoch(ended: Ended) -> int:
    """See `curves.best_epoch`: by the metric that the run's best epoch is chosen by."""
    return curves.best_epoch(curve(ended, ended.best_by), maximised=ended.best_direction == "maximize")


def still_improving(ended: Ended) -> bool:
    """See `curves.still_improving`: by the metric that the run's best epoch is chosen by."""
    maximised = ended.best_direction == "maximize"
    return curves.still_improving(curve(ended, ended.best_by), ended.horizon, maximised=maximised)


def learned(ended: Ended) -> bool | None:
    """See `curves.learned`; None where the chance level is unknown."""
    return None if ended.chance_loss is None else curves.learned(curve(ended, "val_loss"), ended.chance_loss)


def diverged(ended: Ended) -> bool | None:
    """See `curves.diverged`; None where the chance level is unknown."""
    return None if ended.chance_loss is None else curves.diverged(curve(ended, "train_loss"), ended.chance_loss)


def of_answers(of: Callable[[Answers], float | None]) -> Callable[[Ended], float | None]:
    """`of` a run's answers; None without them."""
    return lambda ended: None if ended.answers is None else of(ended.answers)


def under_masks(measure: str) -> Callable[[Ended], float | None]:
    """One of `answers.MEASURES` of the mean of the probabilities over masks; None without masks."""

    def of(found: Answers) -> float | None:
        return None if found.masked is None else answers.measures(found.masked, found.targets, found.weights)[measure]

    return of_answers(of)
