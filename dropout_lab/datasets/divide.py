"""Examples divided at random in two, by scikit-learn's algorithm.

`sklearn.model_selection.train_test_split` gives the same numbers, but takes most of the time of a command's start to
import.
"""

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.intp]


def shuffled(count: int, size: int, seed: int) -> tuple[Positions, Positions]:
    """The positions of `count` examples in two parts, each in random order; the second has `size` of them."""
    order = np.random.RandomState(seed).permutation(count)
    return order[size:], order[:size]


def stratified(labels: NDArray[np.int64], size: int, seed: int) -> tuple[Positions, Positions]:
    """As `shuffled`, with the classes' shares in both parts those of the whole, as nearly as whole examples allow.

    labels: (n,), at least two of each class; each part must have room for an example of each class.
    """
    random = np.random.RandomState(seed)
    _, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    members = np.split(np.argsort(classes, kind="stable"), np.cumsum(counts)[:-1])
    first = _shares(counts, len(labels) - size, random)
    second = _shares(counts - first, size, random)
    parts: tuple[list[Positions], list[Positions]] = ([], [])
    for positions, ours, theirs in zip(members, first, second, strict=True):
        mixed = positions[random.permutation(len(positions))]
        parts[0].append(mixed[:ours])
        parts[1].append(mixed[ours : ours + theirs])
    others, part = (random.permutation(np.concatenate(chosen)) for chosen in parts)
    return others, part


def _shares(counts: NDArray[np.int64], size: int, random: np.random.RandomState) -> NDArray[np.int64]:
    """How many of each class are among `size` examples: the whole part of its share, and one more where the rest of the
    share is largest; ties are broken at random."""
    exact = counts / counts.sum() * size
    shares = np.floor(exact)
    missing, rest = int(size - shares.sum()), exact - shares
    for value in np.unique(rest)[::-1]:
        if missing <= 0:
            break
        (tied,) = np.nonzero(rest == value)
        chosen = random.choice(tied, size=min(len(tied), missing), replace=False)
        shares[chosen] += 1
        missing -= len(chosen)
    whole: NDArray[np.int64] = shares.astype(np.int64)
    return whole
