"""The examples that `limit` keeps: those of a smaller limit are among those of a larger one, whatever their classes."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.intp]


def stratified_prefix(labels: NDArray[np.int64], size: int) -> Positions:
    """The positions, ascending, of `size` examples whose classes have their shares of all `labels`, (n,).

    A class has its share of `size` plus or minus less than one example, at every size. Of each class the first examples
    are taken, so that what a smaller size takes a larger one takes, too. Where classes are equal, that which occurs
    first comes first.
    """
    found, first, codes, counts = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    shares = np.empty(len(found), dtype=np.int64)
    shares[order] = nested_shares(tuple(counts[order].tolist()), size)
    ordinal = np.empty(len(labels), dtype=np.int64)
    by_class = np.argsort(codes, kind="stable")
    ordinal[by_class] = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.flatnonzero(ordinal < shares[codes])


@lru_cache(maxsize=256)
def nested_shares(counts: tuple[int, ...], size: int) -> tuple[int, ...]:
    """How many of each class, of which there are `counts`, are among `size` examples; none shrinks as `size` grows.

    Each differs from its exact share by 1 - 1 / (2k - 2) at most, with k classes: no sequence of shares that never
    shrink keeps a smaller distance for all counts. Tijdeman, "The chairman assignment problem", Discrete Mathematics
    32, 1980.
    """
    every, k = np.asarray(counts, dtype=np.int64), len(counts)
    taken = np.zeros(k, dtype=np.int64)
    if k == 1:
        return (size,)
    whole, parts = int(every.sum()), 2 * k - 2
    for number in range(1, size + 1):
        may = parts * (every * number - whole * taken) >= whole
        deadline = np.where(may, (parts * (taken + 1) - 1) / every, np.inf)
        taken[int(np.argmin(deadline))] += 1
    return tuple(taken.tolist())
