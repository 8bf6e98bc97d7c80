"""Means over seeds and test examples, both of which are samples."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from dropout_lab.report.statistics.floats import LEVEL, Floats
from dropout_lab.report.statistics.means import Mean

HALVINGS = 60
LEAST = -100.0
"""The decimal logarithm of the least p."""


class Components(NamedTuple):
    """Mean squares of a two-way layout, seeds x examples: of seeds, of examples, and of their interaction."""

    seeds: float
    examples: float
    interaction: float


def components(values: Floats) -> Components:
    """The mean squares of `values` (seeds x examples, two or more of each, no gaps)."""
    count, width = values.shape
    mean, rows, columns = values.mean(), values.mean(axis=1), values.mean(axis=0)
    rest = values - rows[:, None] - columns + mean
    return Components(
        float(width * ((rows - mean) ** 2).sum() / (count - 1)),
        float(count * ((columns - mean) ** 2).sum() / (width - 1)),
        float((rest**2).sum() / ((count - 1) * (width - 1))),
    )


def crossed_mean(values: Floats, level: float = LEVEL) -> Mean:
    """The mean of `values` (seeds x examples), with an interval for new seeds and new test examples at once.

    Both are random. The variance of the mean is estimated by (MS_seeds + max(0, MS_examples - MS_interaction)) /
    (seeds x examples). Each of the two terms is multiplied by the square of its own t quantile, with seeds - 1 and
    examples - 1 degrees of freedom; the sum is the square of the interval's half-width. Of independent estimates with
    chi-square distributions such an interval covers at least `level` (S. Banerjee, Sankhya 22 (1960) 357-358). The
    second term is a difference, so here this holds approximately: see the simulations in docs/statistics.md. The
    interval is never narrower than the t interval over seeds alone. One t quantile for the sum, by Satterthwaite (as
    S. Hillis, Statistics in Medicine 26 (2007) 596-619, does for readers and cases), covers 91 to 95 % with three
    seeds; the percentile bootstrap over both covers 76 to 99.8 %. NaN bounds for fewer than two seeds or examples, and
    without any spread.
    """
    mean, seeds = float(values.mean()) if values.size else np.nan, len(values)
    if min(values.shape) < 2 or np.ptp(values) <= 1e-12 * np.abs(values).max():
        return Mean(mean, np.nan, np.nan, seeds, np.nan)
    found = components(values)
    parts = np.array([found.seeds, max(0.0, found.examples - found.interaction)]) / values.size
    if parts.sum() == 0:
        return Mean(mean, np.nan, np.nan, seeds, np.nan)
    errors, freedom = np.sqrt(parts), np.array(values.shape) - 1

    def half(p: float) -> float:
        return float(np.hypot(*(errors * stdtrit(freedom, p / 2))))

    p = _p_at(half, abs(mean))
    return Mean(mean, mean - half(1 - level), mean + half(1 - level), seeds, p)


def _p_at(half: Callable[[float], float], size: float) -> float:
    """The p of the test against 0: the interval that misses with this probability has the half-width `size`."""
    low, high = LEAST, 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if half(10.0**middle) < size else (middle, high)
    return float(10.0**high)
