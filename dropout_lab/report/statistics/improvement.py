"""The probability of improvement: how often a network of ours is better than one of theirs.

R. Agarwal et al., Deep Reinforcement Learning at the Edge of the Statistical Precipice, NeurIPS 2021
(arXiv:2108.13264), section 4.3. Their percentile bootstrap gives an interval of zero width if all of ours are better,
which is common with few seeds; so other intervals are used here.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import betaincinv

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
