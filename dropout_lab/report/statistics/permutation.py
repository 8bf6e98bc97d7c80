"""Tests that assume only symmetric signs, and the least p that a number of seeds can reach."""

import functools
import math
from collections.abc import Iterator

import numpy as np

from dropout_lab.report.statistics.floats import ALPHA, Bools, Floats, Ints
from dropout_lab.report.statistics.resampling import SEED

EXACT = 12
"""Up to this many seeds, all assignments of signs are counted; beyond, a sample of `DRAWN`."""

DRAWN = 4999


def smallest_p(seeds: int, comparisons: int = 1) -> float:
    """The least two-sided p that the paired sign-flip test or Wilcoxon's signed-rank test of n seeds can reach.

    All differences of one sign: two of the 2^n assignments are as extreme, 2^(1 - n). The best of m comparisons is
    multiplied by m by Holm's correction. 1 at most.
    """
    return min(1.0, comparisons * math.ldexp(1.0, 1 - seeds)) if seeds >= 1 else 1.0


def seeds_to_reach(comparisons: int = 1, alpha: float = ALPHA) -> int:
    """The least number of seeds with which such a test can reach `alpha`, see `smallest_p`: 6 for one comparison."""
    return math.ceil(1 + math.log2(max(1, comparisons) / alpha))


def sign_flip_p(differences: Floats) -> Floats:
    """Two-sided p of the sign-flip test of the mean of each row (configurations x seeds), R. A. Fisher 1935, chapter 3.

    Exact up to `EXACT` seeds; beyond, from a fixed sample of assignments that includes the observed one. NaN for rows
    without a value, or with zeros only.
    """
    p = np.full(len(differences), np.nan)
    for rows, seeds in _by_pattern(np.isfinite(differences)):
        n = int(seeds.sum())
        if n == 0:
            continue
        flips = _signs(n)
        step = max(1, 4_000_000 // len(flips))
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            values = differences[np.ix_(part, np.flatnonzero(seeds))]
            observed = np.abs(values.sum(axis=1, keepdims=True))
            extreme = np.abs(values @ flips.T) >= observed - 1e-9 * np.abs(values).sum(axis=1, keepdims=True)
            p[part] = np.where((values == 0).all(axis=1), np.nan, extreme.mean(axis=1))
    return p


def _by_pattern(present: Bools) -> Iterator[tuple[Ints, Bools]]:
    """Yield the rows with values at the same seeds, and these seeds; few patterns, because seeds are rarely missing."""
    if len(present):
        patterns, owner = np.unique(present, axis=0, return_inverse=True)
        for index, pattern in enumerate(patterns):
            yield np.flatnonzero(owner.reshape(-1) == index), pattern


@functools.lru_cache(maxsize=32)
def _signs(n: int) -> Floats:
    """Assignments of signs, the observed one first; the first sign is fixed, because the other half mirrors these."""
    if n <= EXACT:
        bits = (np.arange(2 ** (n - 1))[:, None] >> np.arange(n)) & 1
        return np.asarray(1.0 - 2.0 * bits, dtype=np.float64)
    drawn = np.random.default_rng(SEED).integers(0, 2, size=(DRAWN, n)) * 2.0 - 1.0
    signs: Floats = np.concatenate([np.ones((1, n)), drawn])
    return signs
