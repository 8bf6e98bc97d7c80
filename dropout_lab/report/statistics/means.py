"""Means over seeds with t intervals and t tests, one by one or for the rows of a matrix at once."""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit  # scipy.stats has the same, but takes most of a second to import

from dropout_lab.report.statistics.floats import LEVEL, Floats, Ints


class Mean(NamedTuple):
    """A mean over seeds, its 95 % t interval, the number of values, and p of the two-sided t test against 0.

    Interval and p are NaN for fewer than two values and for values that are all equal, which show no spread.
    """

    mean: float
    low: float
    high: float
    n: int
    p: float


NO_MEAN = Mean(math.nan, math.nan, math.nan, 0, math.nan)


def negated(mean: Mean) -> Mean:
    """The difference taken the other way round."""
    return mean._replace(mean=-mean.mean, low=-mean.high, high=-mean.low)


class Means(NamedTuple):
    """`Mean` for every row of a matrix, and the standard deviation over the row (n - 1)."""

    mean: Floats
    low: Floats
    high: Floats
    n: Ints
    p: Floats
    deviation: Floats

    def within(self, least: float, most: float) -> "Means":
        """Cut the intervals to the possible range of a mean; coverage stays, because no true mean lies outside."""
        return self._replace(low=np.clip(self.low, least, most), high=np.clip(self.high, least, most))

    def of(self, row: int) -> Mean:
        return Mean(
            float(self.mean[row]), float(self.low[row]), float(self.high[row]), int(self.n[row]), float(self.p[row])
        )


def means_of_rows(values: Floats, level: float = LEVEL) -> Means:
    """`Mean` of each row (configurations x seeds), with the interval at `level`; values not finite are left out."""
    finite = np.isfinite(values)
    kept = np.where(finite, values, 0.0)
    n = finite.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = kept.sum(axis=1) / n
        deviation = np.sqrt((np.where(finite, kept - mean[:, None], 0.0) ** 2).sum(axis=1) / (n - 1))
        largest = np.where(finite, values, -np.inf).max(axis=1, initial=-np.inf)
        smallest = np.where(finite, values, np.inf).min(axis=1, initial=np.inf)
        # Differences of equal floats can differ in the last bits, which is not a spread.
        flat = (n < 2) | (largest - smallest <= 1e-12 * np.abs(kept).max(axis=1, initial=0.0))
        deviation = np.where(flat, np.nan, deviation)
        error = deviation / np.sqrt(n)
        half = stdtrit(np.maximum(n - 1, 1), 0.5 + level / 2) * error
        p = 2 * stdtr(np.maximum(n - 1, 1), -np.abs(mean) / error)
    return Means(mean, mean - half, mean + half, n.astype(np.int64), p, deviation)
