"""Resamples of seeds as a matrix of weights, so that the resampled means of all configurations are one product."""

import functools

import numpy as np

from dropout_lab.report.statistics.floats import Floats

RESAMPLES = 2000
SEED = 19870301  # arbitrary, but fixed, so that the same records give the same report


@functools.lru_cache(maxsize=64)
def weights(n: int, resamples: int = RESAMPLES, seed: int = SEED) -> Floats:
    """`resamples` x `n`: row b has how often each of n seeds is in resample b, divided by n. Read-only.

    The same for the same arguments: configurations that share their seeds are resampled together, so that the common
    effect of a seed cancels in every difference.
    """
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples) / n
    drawn.setflags(write=False)
    return drawn
