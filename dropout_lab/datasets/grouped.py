"""Rows divided by whole groups, so that no group is on both sides.

Groups have sizes and classes of their own, so a division is drawn several times and the one is taken whose parts have
the most even classes: Morgan and Rubin, "Rerandomization to improve covariate balance in experiments", Annals of
Statistics 40, 2012. What is drawn depends on the generator alone.
"""

from heapq import heapify, heapreplace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dropout_lab.datasets.split import Task

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]

CANDIDATES = 64
"""The most divisions of which the most even one is taken; of few groups as many as there are, or every seed would find
the same."""
WORK = 400_000
"""The most groups that are placed in all candidates together, unless that leaves fewer than FEWEST of these."""
FEWEST = 4


def strata(targets: Tensor, task: Task) -> Numbers:
    """(n,) the classes whose shares parts are to keep; zeros where there are none."""
    return targets.numpy() if task == "classification" else np.zeros(len(targets), dtype=np.int64)


def part_of_groups(groups: Numbers, labels: Numbers, size: int, random: np.random.Generator) -> Mask:
    """(n,) which rows are in a part of whole groups with `size` rows at most; see `part`."""
    numbered = np.unique(groups, return_inverse=True)[1]
    chosen: Mask = part(table_of(numbered, labels), size, random)[numbered]
    return chosen


def table_of(groups: Numbers, labels: Numbers) -> Numbers:
    """(group, class) counts; both are numbered from 0."""
    classes = int(labels.max()) + 1
    counts = np.bincount(groups * classes + labels, minlength=(int(groups.max()) + 1) * classes)
    return counts.reshape(-1, classes).astype(np.int64)


def part(table: Numbers, size: int, random: np.random.Generator) -> Mask:
    """Which groups, of the (group, class) counts `table`, are in a part of `size` rows at most.

    Groups are taken in random order, each if it still fits; one larger than `size` never is. At least one must fit.
    """
    sizes, wanted = table.sum(1), table.sum(0) / table.sum() * size
    fitting = np.flatnonzero(sizes <= size)
    assert len(fitting), "the caller refuses groups that are too large"
    best, found = np.inf, np.zeros(len(table), dtype=bool)
    for _ in range(_candidates(len(fitting))):
        taken = _taken(sizes, fitting[random.permutation(len(fitting))], size)
        uneven = float(np.abs(table[taken].sum(0) - wanted).sum())
        if uneven < best:
            best, found = uneven, np.zeros(len(table), dtype=bool)
            found[taken] = True
    return found


def folds(table: Numbers, count: int, largest: int, random: np.random.Generator) -> Numbers:
    """(group,) the fold of each, of `count` folds with `largest` rows at most: see `largest_fold`."""
    sizes, wanted = table.sum(1), table.sum(0) / count
    best, found, tried = np.inf, None, 0
    while found is None or tried < _candidates(len(sizes)):
        tried += 1
        fold, loads = _scheduled(sizes, random.permutation(len(sizes)), count)
        if max(loads) > largest:
            continue
        classes = np.zeros((count, table.shape[1]), dtype=np.int64)
        np.add.at(classes, fold, table)
        uneven = float(np.abs(classes - wanted).sum())
        if uneven < best:
            best, found = uneven, fold
    numbered: Numbers = random.permutation(count)[found]
    return numbered


def largest_fold(sizes: Numbers, count: int) -> int:
    """A size that the largest fold of about a quarter of all random orders of the groups does not exceed.

    All seeds train on equally many rows, those outside of a fold of this size, whatever their own fold has.
    """
    random = np.random.default_rng(0)
    tried = [
        max(_scheduled(sizes, random.permutation(len(sizes)), count)[1]) for _ in range(2 * _candidates(len(sizes)))
    ]
    return int(sorted(tried)[len(tried) // 4])


def _candidates(groups: int) -> int:
    return max(FEWEST, min(CANDIDATES, groups, WORK // groups))


def _taken(sizes: Numbers, order: Numbers, size: int) -> Numbers:
    """The groups that fit, in this order."""
    total = np.cumsum(sizes[order])
    first = int(np.searchsorted(total, size, side="right"))
    room, taken, least = size - (int(total[first - 1]) if first else 0), list(order[:first]), int(sizes[order].min())
    for group in order[first:]:
        if room < least:
            break
        if sizes[group] <= room:
            taken.append(group)
            room -= int(sizes[group])
    return np.array(taken, dtype=np.int64)


def _scheduled(sizes: Numbers, order: Numbers, count: int) -> tuple[Numbers, list[int]]:
    """Each group, in this order, into the fold with the fewest rows so far: the folds, and their rows."""
    fold, heap = np.empty(len(sizes), dtype=np.int64), [(0, number) for number in range(count)]
    heapify(heap)
    for group, size in zip(order.tolist(), sizes[order].tolist(), strict=True):
        load, number = heap[0]
        fold[group] = number
        heapreplace(heap, (load + size, number))
    return fold, [load for load, _ in heap]
