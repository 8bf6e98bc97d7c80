"""What is measured of a run: definitions first, in NumPy, so that trainer and report share them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]
"""A metric per epoch: element 0 is the first epoch, which is called epoch 1."""

TOLERANCE = 0.01
"""Epochs to convergence: how far above its own best validation loss a run counts as converged, relative to it."""

LEARNED = 0.99
"""A run has learned something if its best validation loss is below this share of the chance level."""

DIVERGED = 100.0
"""A run has diverged if its train loss ends above so many times the chance level, or at the chance level or above it
and at so many times its own lowest, or more."""

HORIZON_TAIL = 0.1
"""A run whose best epoch lies in this last part of its epochs was still improving: its convergence is unknown."""


DIRECTIONS: Mapping[str, str] = {
    "val_loss": "minimize",
    "val_accuracy": "maximize",
    "train_loss": "minimize",
    "train_accuracy": "maximize",
    "gap": "minimize",
    "gap_accuracy": "minimize",
    "epochs_to_convergence": "minimize",
}
"""What an objective may be, and whether it is minimised."""

SUMMARY_FIELD: Mapping[str, str] = {"gap": "gap_loss"}
"""The field of a run's record that an objective reads, where it has another name."""


def best_epoch(val_loss: Curve) -> int:
    """The epoch, counted from 1, with the lowest validation loss; the first of equals."""
    return int(np.argmin(val_loss)) + 1


def epochs_to_convergence(val_loss: Curve, tolerance: float = TOLERANCE) -> int:
    """First epoch whose validation loss is at most (1 + `tolerance`) times the run's own best.

    Speed without quality: it depends on how long the run was, see `still_improving`.
    """
    return int(np.argmax(val_loss <= (1 + tolerance) * np.min(val_loss))) + 1


def still_improving(val_loss: Curve, horizon: int) -> bool:
    """Whether the best epoch lies in the last tenth of `horizon` epochs, so that own-best convergence says little."""
    return best_epoch(val_loss) > (1 - HORIZON_TAIL) * horizon


def epochs_to_target(val_loss: Curve, target: float) -> int | None:
    """First epoch whose validation loss is at or below `target`; None if the run never gets there (censored)."""
    reached = val_loss <= target
    return int(np.argmax(reached)) + 1 if reached.any() else None


def learned(val_loss: Curve, chance: float) -> bool:
    """Whether the run ever beat `chance`, the validation loss of a network that ignores its inputs."""
    return bool(np.min(val_loss) < LEARNED * chance)


def diverged(train_loss: Curve, chance: float) -> bool:
    """Whether the train loss, dropout off, ends orders of magnitude above `chance`, or, no better than `chance`, above
    its own lowest; or is no finite number.

    A network that begins badly, or loses its way, and recovers has not diverged, nor has one that overfits, whose
    train loss falls.
    """
    last = train_loss[-1]
    grown = last >= chance and last >= DIVERGED * np.min(train_loss)
    return bool(not np.isfinite(last) or last > DIVERGED * chance or grown)


def summary(
    curves: Mapping[str, Sequence[float | None]], horizon: int, chance: float | None = None
) -> dict[str, float | int | bool | None]:
    """The metrics of one run, planned for `horizon` epochs, from its curves of equal length (`store.CURVE_METRICS`).

    All `*_loss` and `*_accuracy` values without suffix are at the best epoch, those with `_last` at the last one.
    `gap_loss` is validation minus train loss, `gap_accuracy` is train minus validation accuracy in percentage points:
    both grow with overfitting, both sides have the same weights, in evaluation mode. Accuracies are fractions, and
    None for regression. `learned` and `diverged` compare with `chance`, and are None without it.
    """
    val_loss = np.asarray(curves["val_loss"], dtype=np.float64)
    epochs = len(val_loss)
    best = best_epoch(val_loss)
    result: dict[str, float | int | bool | None] = {"best_epoch": best}
    for suffix, epoch in (("", best), ("_last", epochs)):
        at = {name: values[epoch - 1] for name, values in curves.items()}
        for name in ("train_loss", "train_accuracy", "val_loss", "val_accuracy"):
            result[name + suffix] = at[name]
        result["gap_loss" + suffix] = _difference(at["val_loss"], at["train_loss"])
        accuracy = _difference(at["train_accuracy"], at["val_accuracy"])
        result["gap_accuracy" + suffix] = None if accuracy is None else 100 * accuracy
    result["epochs_to_convergence"] = epochs_to_convergence(val_loss)
    result["still_improving"] = still_improving(val_loss, horizon)
    result["chance_loss"] = chance
    result["learned"] = None if chance is None else learned(val_loss, chance)
    train_loss = np.asarray(curves["train_loss"], dtype=np.float64)
    result["diverged"] = None if chance is None else diverged(train_loss, chance)
    return result


def _difference(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b
