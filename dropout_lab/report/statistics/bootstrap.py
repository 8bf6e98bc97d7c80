"""Bootstrap intervals of means over seeds."""

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtr, ndtri

from dropout_lab.report.statistics.floats import ALPHA, Bools, Floats, Ints
from dropout_lab.report.statistics.resampling import RESAMPLES, SEED, weights

HONEST = 40
"""From this many seeds, the BCa interval of the mean of normal values covers at least 93 of 100 times.

Its width is that of the normal, not of Student's t, and its spread is too small by sqrt((n - 1) / n): with 5 seeds it
covers 84 of 100 times and with 10 about 90, which the tests simulate (see T. Hesterberg, The American
Statistician 69 (2015) 371-386, section 3.2). With fewer seeds, use the t interval.
"""

CHUNK = 4_000_000
"""Resampled means in memory at a time: 32 MB."""


def bca(values: Floats, *, alpha: float = ALPHA, resamples: int = RESAMPLES, seed: int = SEED) -> tuple[Floats, Floats]:
    """Bounds of the BCa interval of the mean of each row (configurations x seeds); values not finite are left out.

    NaN for rows of fewer than two values or of values without spread. Deterministic: all rows with values at the same
    seeds share their resamples. B. Efron, JASA 82 (1987) 171-185, equations 2.3 (bias) and 6.6 (acceleration).
    """
    low, high = np.full(len(values), np.nan), np.full(len(values), np.nan)
    for rows, seeds in by_pattern(np.isfinite(values)):
        if seeds.sum() >= 2:
            drawn = weights(int(seeds.sum()), resamples, seed)
            step = max(1, CHUNK // resamples)
            for start in range(0, len(rows), step):
                part = rows[start : start + step]
                low[part], high[part] = _bca(values[np.ix_(part, np.flatnonzero(seeds))], drawn, alpha)
    return low, high


def by_pattern(present: Bools) -> Iterator[tuple[Ints, Bools]]:
    """Yield the rows with values at the same seeds, and these seeds; few patterns, because seeds are rarely missing."""
    if len(present):
        patterns, owner = np.unique(present, axis=0, return_inverse=True)
        for index, pattern in enumerate(patterns):
            yield np.flatnonzero(owner.reshape(-1) == index), pattern


def _bca(values: Floats, drawn: Floats, alpha: float) -> tuple[Floats, Floats]:
    mean = values.mean(axis=1, keepdims=True)
    off = values - mean
    flat = np.ptp(values, axis=1) <= 1e-12 * np.abs(values).max(axis=1)
    means = off @ drawn.T
    means.sort(axis=1)
    scale = 1e-12 * np.abs(values).max(axis=1, keepdims=True)  # a resample equal to the sample differs in last bits
    below, through = (means < -scale).mean(axis=1), (means <= scale).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = ndtri((below + through) / 2)
        # The jackknife values of a mean are off by (x - mean) / (n - 1): the factor cancels.
        acceleration = (off**3).sum(axis=1) / (6 * (off**2).sum(axis=1) ** 1.5)
        bounds = []
        for z in (ndtri(alpha / 2), ndtri(1 - alpha / 2)):
            place = ndtr(bias + (bias + z) / (1 - acceleration * (bias + z)))
            bounds.append(np.where(flat, np.nan, mean[:, 0] + _quantiles(means, place)))
    return bounds[0], bounds[1]


def _quantiles(ordered: Floats, place: Floats) -> Floats:
    """The quantile at `place` of each row, between its neighbours (NumPy's default), of rows that are in order."""
    last = ordered.shape[1] - 1
    at = np.clip(np.nan_to_num(place), 0, 1) * last
    left = np.floor(at).astype(np.int64)
    rows = np.arange(len(ordered))
    lower, upper = ordered[rows, left], ordered[rows, np.minimum(left + 1, last)]
    return np.asarray(lower + (at - left) * (upper - lower))
