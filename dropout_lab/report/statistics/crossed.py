"""Means over seeds and test examples, both of which are samples."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from dropout_lab.report.statistics.floats import LEVEL, Floats
from dropout_lab.report.statistics.means import Mean

HALVINGS = 60


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
    examples - 1 degrees of freedom; the sum is the square of the interval's half-width. Of independent estimates such
    an interval covers at least `level` (S. Banerjee, Sankhya 22 (1960) 357-358). It is never narrower than the t
    interval over seeds alone. One t quantile for the sum, by Satterthwaite (as S. Hillis, Statistics in Medicine 26
    (2007) 596-619, does for readers and cases), covers 91 to 93 % with three seeds; the percentile bootstrap over both
    covers less than 95 % where the seeds vary most, and more where the interaction does: see docs/statistics.md. NaN
    bounds for fewer than two seeds or examples, and without any spread.
    """
    mean, seeds = float(values.mean()) if values.size else np.nan, len(values)
    if min(values.shape) < 2 or np.ptp(values) <= 1e-12 * np.abs(values).max():
        return Mean(mean, np.nan, np.nan, seeds, np.nan)
    found = components(values)
    parts = np.array([found.seeds, max(0.0, found.examples - found.interaction)]) / values.size
    if parts.sum() == 0:
        return Mean(mean, np.nan, np.nan, seeds, np.nan)
    freedom = np.array(values.shape) - 1

    def half(confidence: float) -> float:
        return float(np.sqrt((parts * stdtrit(freedom, 0.5 + confidence / 2) ** 2).sum()))

    return Mean(mean, mean - half(level), mean + half(level), seeds, 1 - _level_at(half, abs(mean)))


def _level_at(half: Callable[[float], float], size: float) -> float:
    """The level at which the half-width is `size`: 1 minus it is the p of the test against 0."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if middle < 1 and half(middle) < size else (low, middle)
    return low
