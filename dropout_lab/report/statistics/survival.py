"""Times with censoring: a run that has not reached its target would have taken longer than it trained.

Times are whole epochs from 1, so that the curves of many groups are one matrix, groups x epochs. A run that has not
`reached` the target is censored at its epoch: it counts as not there up to and including that epoch, and carries no
information about later ones.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from dropout_lab.report.statistics.floats import LEVEL, Bools, Floats, Ints


class Survival(NamedTuple):
    """Kaplan-Meier curves (JASA 53 (1958) 457-481), groups x epochs; column 0 is epoch 1.

    `surviving`: the share that has not reached the target after the epoch. `low` and `high`: its 95 % interval from
    Greenwood's variance on the scale log(-log) (J. Kalbfleisch and R. Prentice 1980, section 1.3), which stays within 0
    and 1; NaN where the share is 1 or 0. After the last observation of a group, all values stay the same.
    """

    surviving: Floats
    low: Floats
    high: Floats
    arrived: Ints
    at_risk: Ints


def kaplan_meier(groups: Ints, epochs: Ints, reached: Bools, count: int, horizon: int) -> Survival:
    """The curves of groups 0 to `count` - 1 up to epoch `horizon`: one number per run in each array."""
    shape = (count, horizon + 2)
    places = groups * shape[1] + np.minimum(epochs, horizon + 1)
    arrived = np.bincount(places[reached], minlength=shape[0] * shape[1]).reshape(shape)
    left = np.bincount(places, minlength=shape[0] * shape[1]).reshape(shape)
    at_risk = left[:, ::-1].cumsum(axis=1)[:, ::-1]
    arrived, at_risk = arrived[:, 1:-1], at_risk[:, 1:-1]
    return Survival(*_curves(arrived, at_risk), arrived, at_risk)


def _curves(arrived: Ints, at_risk: Ints) -> tuple[Floats, Floats, Floats]:
    with np.errstate(divide="ignore", invalid="ignore"):
        surviving = np.cumprod(np.where(arrived > 0, 1 - arrived / at_risk, 1.0), axis=1)
        greenwood = np.where(arrived > 0, arrived / (at_risk * (at_risk - arrived)), 0.0).cumsum(axis=1)
        log = np.log(surviving)
        half = float(ndtri(0.5 + LEVEL / 2)) * np.sqrt(greenwood) / np.abs(log)
        inside = (surviving > 0) & (surviving < 1)
        low = np.where(inside, np.exp(log * np.exp(half)), np.nan)
        high = np.where(inside, np.exp(log * np.exp(-half)), np.nan)
    return np.asarray(surviving, dtype=np.float64), low, high


class Medians(NamedTuple):
    """The first epoch by which half of a group has arrived, and its interval; infinity if that never happens.

    The interval contains the epochs at which the interval of the curve contains one half: R. Brookmeyer and J. Crowley,
    Biometrics 38 (1982) 29-41. With few runs its upper end is often infinite. NaN for a group without runs.
    """

    median: Floats
    low: Floats
    high: Floats


def medians(curves: Survival) -> Medians:
    """The median of each group."""
    empty = curves.at_risk[:, 0] == 0
    # Where all arrive at once, the curve has a median but no interval.
    low = np.where(curves.surviving <= 1e-12, 0.0, curves.low)
    high = np.where(curves.surviving <= 1e-12, _last_known(curves), curves.high)
    return Medians(
        *(np.where(empty, np.nan, first_at_most(share, 0.5)) for share in (curves.surviving, low, high)),
    )


def _last_known(curves: Survival) -> Floats:
    """The upper bound before the curve falls to 0, where Greenwood's variance ends; 1 if there was none."""
    index = np.where(np.isfinite(curves.high), np.arange(curves.high.shape[1]), -1)
    index = np.maximum.accumulate(index, axis=1)
    known = np.take_along_axis(curves.high, np.maximum(index, 0), axis=1)
    return np.where(index < 0, 1.0, known)


def first_at_most(shares: Floats, level: float) -> Floats:
    """The first epoch (column 0 is epoch 1) of each row whose share is at most `level`; infinity if there is none."""
    below = shares <= level + 1e-9
    return np.where(below.any(axis=1), below.argmax(axis=1) + 1.0, np.inf)


def restricted_mean(curves: Survival, horizon: int) -> tuple[Floats, Floats]:
    """Mean number of epochs until a run arrives, counting at most `horizon`, and its standard error.

    The area under the curve from 0 to the horizon. It exists even without a median. J. Klein and M. Moeschberger,
    Survival Analysis (2003), equations 4.5.1 and 4.5.2. The error is NaN if the runs show no variation: one run, or all
    of them at the same epoch. NaN for a group without runs. With the normal's 1.96, intervals from fewer than about 50
    runs are too narrow: from 40 they cover 92 of 100 times.
    """
    before = np.concatenate([np.ones((len(curves.surviving), 1)), curves.surviving[:, : horizon - 1]], axis=1)
    area = before.sum(axis=1)
    # The remaining area after each epoch.
    rest = area[:, None] - before.cumsum(axis=1)
    arrived, at_risk = curves.arrived[:, :horizon], curves.at_risk[:, :horizon]
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where((arrived > 0) & (at_risk > arrived), arrived / (at_risk * (at_risk - arrived)), 0.0)
    # Where the last runs at risk arrive together, the rest is 0, and so their contribution.
    variance = (rest**2 * terms).sum(axis=1)
    empty = curves.at_risk[:, 0] == 0
    error = np.sqrt(variance)
    return np.where(empty, np.nan, area), np.where(empty | (error == 0), np.nan, error)
