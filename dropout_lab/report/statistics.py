"""The statistics of the report: intervals and tests over seeds, correction for many tests, times with censoring."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import (
    stdtr,
    stdtrit,
)  # scipy.stats has the same in prettier words, but takes most of a second to import

LEVEL = 0.95
ALPHA = 1 - LEVEL

Floats = NDArray[np.float64]


class Mean(NamedTuple):
    """A mean over seeds, its 95 % t interval, the number of values, and p of the two-sided t test against 0.

    Interval and p are NaN where they cannot be had: from fewer than two values, or from values that are all the same,
    which show no spread to judge by.
    """

    mean: float
    low: float
    high: float
    n: int
    p: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


def mean_over_seeds(values: Sequence[float]) -> Mean:
    """See `Mean`; values that are not finite are left out."""
    finite = np.asarray(values, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    n = len(finite)
    if n == 0:
        return Mean(math.nan, math.nan, math.nan, 0, math.nan)
    mean = float(finite.mean())
    # Differences of equal floats can differ in the last bits: that is no spread.
    if n == 1 or np.ptp(finite) <= 1e-12 * np.abs(finite).max():
        return Mean(mean, math.nan, math.nan, n, math.nan)
    error = float(finite.std(ddof=1)) / math.sqrt(n)
    half = float(stdtrit(n - 1, 0.5 + LEVEL / 2)) * error
    return Mean(mean, mean - half, mean + half, n, float(2 * stdtr(n - 1, -abs(mean) / error)))


def paired_difference(ours: Mapping[int, float], theirs: Mapping[int, float]) -> Mean:
    """Mean over the seeds both have of `ours` minus `theirs`."""
    return mean_over_seeds([ours[seed] - theirs[seed] for seed in sorted(ours.keys() & theirs.keys())])


def holm(p: Floats) -> Floats:
    """Holm's step-down correction: p values that may be compared with the level of the whole family of tests.

    NaN is no test: it stays NaN and does not count in the family.
    """
    corrected = np.full(len(p), np.nan)
    tests = np.flatnonzero(np.isfinite(p))
    order = tests[np.argsort(p[tests], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1)
    return corrected


def kaplan_meier_median(epochs: Sequence[int], reached: Sequence[bool]) -> float:
    """The first epoch by which half of the runs have got there, by the Kaplan-Meier estimate; infinity if none.

    A run that has not `reached` is censored at its epoch: it counts as still on its way up to and including that epoch
    and says nothing about later ones. In fractions, so that "half" is exact.
    """
    remaining = Fraction(1)
    for epoch in sorted({e for e, r in zip(epochs, reached, strict=True) if r}):
        at_risk = sum(e >= epoch for e in epochs)
        arrived = sum(e == epoch and r for e, r in zip(epochs, reached, strict=True))
        remaining *= 1 - Fraction(arrived, at_risk)
        if remaining <= Fraction(1, 2):
            return float(epoch)
    return math.inf
