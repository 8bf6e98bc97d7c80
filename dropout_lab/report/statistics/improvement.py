"""The probability of improvement: how often a network of ours is better than one of theirs.

R. Agarwal et al., Deep Reinforcement Learning at the Edge of the Statistical Precipice, NeurIPS 2021
(arXiv:2108.13264), section 4.3. Their percentile bootstrap gives an interval of zero width if all of ours are better,
which is common with few seeds; so other intervals are used here.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import betaincinv, ndtri

from dropout_lab.report.statistics.floats import ALPHA, Floats, Ints


class Improvement(NamedTuple):
    """`probability` that ours is better, a tie counting half; its 95 % interval; `n` pairs (of seeds, if paired)."""

    probability: Floats
    low: Floats
    high: Floats
    n: Ints


def paired_improvement(differences: Floats, *, alpha: float = ALPHA) -> Improvement:
    """From differences ours minus theirs (configurations x seeds) of a metric that is better when higher.

    The interval is Clopper's and Pearson's (Biometrika 26 (1934) 404-413): exact for a count of wins among n seeds, so
    that it covers at least 95 %. NaN without a pair.
    """
    finite = np.isfinite(differences)
    n = finite.sum(axis=1)
    wins = np.where(finite, (differences > 0) + 0.5 * (differences == 0), 0.0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = wins / n
    none = n == 0
    low = np.where(wins == 0, 0.0, betaincinv(np.maximum(wins, 0.5), n - wins + 1, alpha / 2))
    high = np.where(wins == n, 1.0, betaincinv(wins + 1, np.maximum(n - wins, 0.5), 1 - alpha / 2))
    return Improvement(share, np.where(none, np.nan, low), np.where(none, np.nan, high), n.astype(np.int64))


def unpaired_improvement(ours: Floats, theirs: Floats, *, alpha: float = ALPHA) -> Improvement:
    """From two samples that share no seeds, of a metric that is better when higher: one number in each array.

    All pairs are compared (the Mann-Whitney statistic over m n). The interval solves for the probabilities whose own
    standard error reaches the estimate: R. Newcombe, Statistics in Medicine 25 (2006) 559-573, method 5.
    """
    ours, theirs = ours[np.isfinite(ours)], theirs[np.isfinite(theirs)]
    m, n = len(ours), len(theirs)
    if m * n == 0:
        missing = np.full(1, np.nan)
        return Improvement(missing, missing, missing, np.zeros(1, dtype=np.int64))
    off = ours[:, None] - theirs[None, :]
    share = float(((off > 0) + 0.5 * (off == 0)).mean())
    z = float(ndtri(1 - alpha / 2))

    def excess(theta: float) -> float:
        rest = (m + n) / 2 - 1
        spread = theta * (1 - theta) * (1 + rest * ((1 - theta) / (2 - theta) + theta / (1 + theta))) / (m * n)
        return float(abs(theta - share) - z * np.sqrt(max(spread, 0.0)))

    low, high = _crossing(excess, 0.0, share), _crossing(excess, 1.0, share)
    return Improvement(np.array([share]), np.array([low]), np.array([high]), np.array([m * n]))


def _crossing(excess: Callable[[float], float], outer: float, inner: float) -> float:
    """Where `excess` turns from positive to negative on the way from `outer` to `inner`, by halving."""
    if outer == inner:
        return outer
    for _ in range(60):
        middle = (outer + inner) / 2
        outer, inner = (middle, inner) if excess(middle) > 0 else (outer, middle)
    return (outer + inner) / 2
