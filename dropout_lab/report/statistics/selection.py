"""The bias from choosing the best.

Everything is computed from a matrix configurations x seeds without gaps, of a metric that is better when lower (change
the sign of others). Seeds are resampled for all configurations together, so that their common effect is kept.
"""

from typing import NamedTuple

import numpy as np

from dropout_lab.report.statistics.floats import Floats, Ints
from dropout_lab.report.statistics.resampling import RESAMPLES, SEED, weights

CHUNK = 4_000_000
"""Resampled means in memory at a time: 32 MB."""

LEAST_SEEDS = 4
"""Two or three seeds have too few distinct resamples for a bootstrap."""


def chosen(values: Floats, resamples: int = RESAMPLES, seed: int = SEED) -> Ints:
    """The row with the lowest resampled mean, for every resample."""
    drawn = weights(values.shape[1], resamples, seed)
    best = np.empty(resamples, dtype=np.int64)
    step = max(1, CHUNK // max(1, len(values)))
    for start in range(0, resamples, step):
        best[start : start + step] = (values @ drawn[start : start + step].T).argmin(axis=0)
    return best


class Optimism(NamedTuple):
    """By how much the mean of the chosen configuration looks better than it is.

    `optimism`: in units of the metric; above 0 if the choice biases the mean in its favour. `chosen`: the observed mean
    of the best. `corrected`: `chosen` plus `optimism`, the value that further seeds are expected to show. `optimism`
    and `corrected` are NaN with fewer than two configurations or `LEAST_SEEDS` seeds.
    """

    chosen: float
    optimism: float
    corrected: float


def optimism(values: Floats, resamples: int = RESAMPLES, seed: int = SEED) -> Optimism:
    """Choose the lowest mean on resamples of the seeds, and compare it with its mean on the seeds left out.

    Both means are taken relative to the average configuration, so that lucky seeds, which all configurations share,
    cancel. A resample's mean is noisier than that of n different seeds by the root of n times its sum of squared
    weights; the difference is divided by that factor. (The winner's curse: M. Tibshirani and R. Tibshirani,
    Ann. Appl. Stat. 3 (2009) 822-829, with folds left out instead.)
    """
    if values.shape[0] < 2 or values.shape[1] < LEAST_SEEDS:
        return Optimism(float(values.mean()) if values.size else np.nan, np.nan, np.nan)
    drawn = weights(values.shape[1], resamples, seed)
    best = chosen(values, resamples, seed)
    own = values - values.mean(axis=0)
    inside = (own[best] * drawn).sum(axis=1)
    absent = drawn == 0
    usable = absent.any(axis=1)
    outside = (own[best] * absent)[usable].sum(axis=1) / absent[usable].sum(axis=1)
    noisier = np.sqrt(values.shape[1] * (drawn[usable] ** 2).sum(axis=1))
    found = float(((outside - inside[usable]) / noisier).mean())
    mean = float(values.mean(axis=1).min())
    return Optimism(mean, found, mean + found)
