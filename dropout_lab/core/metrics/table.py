"""Every metric, declared once: to add one, write its function and its declaration here.

Records, frames and their documentation, objectives, tables, figures and trackers read `METRICS`. In a record that is
older than a metric, the metric is missing.
"""

from collections.abc import Callable, Mapping

import numpy as np

from dropout_lab.core.metrics import answers, curves
from dropout_lab.core.metrics.answers import Answers
from dropout_lab.core.metrics.metric import (
    CLASSES,
    EPOCHS,
    FLAG,
    FRACTION,
    LOSS,
    NATS,
    POINTS,
    SECONDS,
    AtEnd,
    Ended,
    Metric,
    PerEpoch,
    Unit,
)

TRAIN = "the fixed part of the training data, dropout off"
VALIDATION = "the validation part"
TEST = "the test part, with the weights of the best epoch"


def _gap_loss(at: Mapping[str, float | None]) -> float | None:
    return _difference(at["val_loss"], at["train_loss"])


def _gap_accuracy(at: Mapping[str, float | None]) -> float | None:
    apart = _difference(at["train_accuracy"], at["val_accuracy"])
    return None if apart is None else 100 * apart


def _difference(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _curve(ended: Ended, name: str) -> curves.Curve:
    return np.asarray(ended.curves[name], dtype=np.float64)


def _learned(ended: Ended) -> bool | None:
    return None if ended.chance_loss is None else curves.learned(_curve(ended, "val_loss"), ended.chance_loss)


def _diverged(ended: Ended) -> bool | None:
    return None if ended.chance_loss is None else curves.diverged(_curve(ended, "train_loss"), ended.chance_loss)


def _of_answers(of: Callable[[Answers], float | None]) -> Callable[[Ended], float | None]:
    """`of` a run's answers; None without them."""
    return lambda ended: None if ended.answers is None else of(ended.answers)


def _under_masks(measure: str) -> Callable[[Ended], float | None]:
    """One of `answers.MEASURES` of the mean of the probabilities over masks; None without masks."""
    measured = answers.MEASURES[measure]
    return _of_answers(lambda found: None if found.masked is None else measured(found.masked, found.targets))


_DECLARED: tuple[Metric, ...] = (
    PerEpoch(
        name="running_loss",
        title="running loss",
        meaning="mean training loss over the steps of the epoch, with dropout on",
        unit=Unit("of the training loss"),
        in_runs=False,
    ),
    PerEpoch(
        name="val_loss",
        title="validation loss",
        meaning=f"loss on {VALIDATION}",
        unit=LOSS,
        low=0,
        objective="val_loss",
        shown="compared",
    ),
    PerEpoch(
        name="val_accuracy",
        title="validation accuracy",
        meaning=f"accuracy on {VALIDATION}",
        unit=FRACTION,
        low=0,
        high=1,
        direction="maximize",
        tasks=CLASSES,
        objective="val_accuracy",
        shown="compared",
    ),
    AtEnd(
        name="test_loss",
        title="test loss",
        meaning=f"loss on {TEST}",
        of=lambda ended: ended.test_loss,
        unit=LOSS,
        low=0,
        shown="compared",
        is_confidence=True,
    ),
    AtEnd(
        name="test_accuracy",
        title="test accuracy",
        meaning=f"accuracy on {TEST}",
        of=lambda ended: ended.test_accuracy,
        unit=FRACTION,
        low=0,
        high=1,
        direction="maximize",
        tasks=CLASSES,
        shown="compared",
        is_confidence=True,
    ),
    PerEpoch(
        name="train_loss",
        title="train loss",
        meaning=f"loss on {TRAIN}",
        unit=LOSS,
        low=0,
        objective="train_loss",
    ),
    PerEpoch(
        name="train_accuracy",
        title="train accuracy",
        meaning=f"accuracy on {TRAIN}",
        unit=FRACTION,
        low=0,
        high=1,
        direction="maximize",
        tasks=CLASSES,
        objective="train_accuracy",
    ),
    PerEpoch(
        name="gap_loss",
        title="gap in loss",
        meaning="validation minus train loss",
        of=_gap_loss,
        unit=LOSS,
        objective="gap",
        shown="compared",
        shown_last=True,
        in_curves=False,
    ),
    PerEpoch(
        name="gap_accuracy",
        title="gap in accuracy",
        meaning="train minus validation accuracy",
        of=_gap_accuracy,
        unit=POINTS,
        low=-100,
        high=100,
        tasks=CLASSES,
        objective="gap_accuracy",
        shown="compared",
        shown_last=True,
        in_curves=False,
    ),
    AtEnd(
        name="epochs_to_convergence",
        title="epochs to convergence",
        meaning="the first epoch, from 1, within 1 % of the run's own best validation loss",
        of=lambda ended: curves.epochs_to_convergence(_curve(ended, "val_loss")),
        unit=EPOCHS,
        low=0,
        objective="epochs_to_convergence",
    ),
    AtEnd(
        name="best_epoch",
        title="best epoch",
        meaning="the first epoch, from 1, with the lowest validation loss",
        of=lambda ended: curves.best_epoch(_curve(ended, "val_loss")),
        unit=EPOCHS,
        low=0,
    ),
    AtEnd(
        name="seconds",
        title="seconds",
        meaning="the run's share of the time in which its cohort trained",
        unit=SECONDS,
        low=0,
    ),
    AtEnd(
        name="still_improving",
        title="still improving",
        meaning="whether the best epoch lies in the last tenth of the horizon",
        of=lambda ended: curves.still_improving(_curve(ended, "val_loss"), ended.horizon),
        unit=FLAG,
        shown="listed",
    ),
    AtEnd(
        name="chance_loss",
        title="chance loss",
        meaning="validation loss of always answering with the training part's frequencies, or mean",
        of=lambda ended: ended.chance_loss,
        unit=LOSS,
        shown="listed",
    ),
    AtEnd(
        name="learned",
        title="learned",
        meaning="whether the best validation loss is below 0.99 times the chance_loss",
        of=_learned,
        unit=FLAG,
        direction="maximize",
        shown="listed",
    ),
    AtEnd(
        name="diverged",
        title="diverged",
        meaning=(
            "whether the train loss ends above 100 times the chance_loss, or at the chance_loss or above and 100 times "
            "its own lowest or more"
        ),
        of=_diverged,
        unit=FLAG,
        shown="listed",
    ),
    AtEnd(
        name="test_ece",
        title="calibration error",
        meaning="calibration error on the test part, over 15 bins of confidence",
        of=_of_answers(lambda found: answers.calibration_error(found.probs, found.targets)),
        unit=FRACTION,
        low=0,
        high=1,
        tasks=CLASSES,
        shown="listed",
        optional=True,
        is_confidence=True,
    ),
    AtEnd(
        name="test_loss_mc",
        title="loss, mean over masks",
        meaning="test loss of the mean over masks (trainer.mc_samples, Monte Carlo dropout)",
        of=_under_masks("loss"),
        unit=NATS,
        low=0,
        tasks=CLASSES,
        shown="listed",
        optional=True,
        is_confidence=True,
    ),
    AtEnd(
        name="test_accuracy_mc",
        title="accuracy, mean over masks",
        meaning="test accuracy of the mean over masks",
        of=_under_masks("accuracy"),
        unit=FRACTION,
        low=0,
        high=1,
        direction="maximize",
        tasks=CLASSES,
        shown="listed",
        optional=True,
        is_confidence=True,
    ),
    AtEnd(
        name="test_ece_mc",
        title="calibration error, mean over masks",
        meaning="calibration error of the mean over masks",
        of=_under_masks("ece"),
        unit=FRACTION,
        low=0,
        high=1,
        tasks=CLASSES,
        shown="listed",
        optional=True,
        is_confidence=True,
    ),
    AtEnd(
        name="entropy_mc",
        title="entropy",
        meaning="entropy of the mean over masks, mean over the test part",
        of=_of_answers(answers.mean_entropy),
        unit=NATS,
        low=0,
        tasks=CLASSES,
        shown="listed",
        optional=True,
    ),
    AtEnd(
        name="information_mc",
        title="mutual information",
        meaning="mutual information of answer and mask: what the masks disagree about",
        of=_of_answers(answers.information),
        unit=NATS,
        low=0,
        tasks=CLASSES,
        shown="listed",
        optional=True,
        is_confidence=True,
    ),
    Metric(
        name="epochs_to_target",
        title="epochs to target",
        meaning="Kaplan-Meier median; infinite where half of the runs never got there",
        unit=EPOCHS,
        low=0,
    ),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _DECLARED}
"""Name -> metric, in the order of tables and columns."""
