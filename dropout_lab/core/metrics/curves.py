"""What the curves of one run say about it: best epoch, convergence, learning, divergence."""

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]
"""A metric per epoch: element 0 is the first epoch, which is called epoch 1."""

TOLERANCE = 0.01
"""A run has converged once its validation loss is at most this share above its own best."""

LEARNED = 0.99
"""A run has learned something if its best validation loss is below this share of the chance level."""

DIVERGED = 100.0
"""A run has diverged if its final train loss exceeds this multiple of the chance level, or if it is at or above the
chance level and at least this multiple of its own lowest value."""

HORIZON_TAIL = 0.1
"""A run whose best epoch lies in this last share of its epochs was still improving: its convergence is unknown."""


def best_epoch(curve: Curve, *, maximised: bool = False) -> int:
    """The epoch, counted from 1, with the lowest value, or the highest; the first of equals. NaN is never the best."""
    worst = -np.inf if maximised else np.inf
    values = np.where(np.isnan(curve), worst, curve)
    return int(np.argmax(values) if maximised else np.argmin(values)) + 1


def epochs_to_convergence(val_loss: Curve, tolerance: float = TOLERANCE) -> int:
    """The first epoch whose validation loss is at most (1 + `tolerance`) times the run's own best.

    This is speed without quality. It depends on the length of the run, see `still_improving`.
    """
    return int(np.argmax(val_loss <= (1 + tolerance) * np.min(val_loss))) + 1


def still_improving(curve: Curve, horizon: int, *, maximised: bool = False) -> bool:
    """Whether the best epoch lies in the last tenth of `horizon` epochs, so that convergence is unknown."""
    return best_epoch(curve, maximised=maximised) > (1 - HORIZON_TAIL) * horizon


def epochs_to_target(val_loss: Curve, target: float) -> int | None:
    """The first epoch whose validation loss is at or below `target`; None if the run never gets there (censored)."""
    reached = val_loss <= target
    return int(np.argmax(reached)) + 1 if reached.any() else None


def learned(val_loss: Curve, chance: float) -> bool:
    """Whether the run ever beat `chance`, the validation loss of a network that ignores its inputs."""
    return bool(np.min(val_loss) < LEARNED * chance)


def diverged(train_loss: Curve, chance: float) -> bool:
    """Whether the train loss, without dropout, ends far above `chance` or its own lowest value, see `DIVERGED`.

    A final train loss that is not finite counts as diverged. A network that begins badly and recovers has not
    diverged. Neither has one that overfits: its train loss falls.
    """
    last = train_loss[-1]
    grown = last >= chance and last >= DIVERGED * np.min(train_loss)
    return bool(not np.isfinite(last) or last > DIVERGED * chance or grown)
