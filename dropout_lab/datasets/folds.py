"""The folds of a repeated k-fold: every example validates once in each repetition.

Scikit-learn's `RepeatedStratifiedKFold` divides alike, but takes seconds to import, and `StratifiedGroupKFold` leaves
the sizes of its folds open, which all runs of a cohort must share.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dropout_lab.core.seeding import generator
from dropout_lab.datasets import grouped

Numbers = NDArray[np.int64]


class Folds:
    """`count` folds of examples, for each repetition others."""

    def __init__(self, labels: Numbers, groups: Numbers | None, count: int) -> None:
        """labels: (n,) classes, whose shares the folds keep, or zeros; groups: (n,) whose rows stay together."""
        self._labels, self._count = labels, count
        self._groups = None if groups is None else np.unique(groups, return_inverse=True)[1]
        self._made: dict[int, Numbers] = {}

    @cached_property
    def largest(self) -> int:
        """Examples of the largest fold that any repetition may have."""
        if self._groups is None:
            return -(-len(self._labels) // self._count)
        return grouped.largest_fold(np.bincount(self._groups), self._count)

    def validates(self, seed: int) -> NDArray[np.bool_]:
        """(n,) whether an example is in fold `seed` % count of repetition `seed` // count."""
        repetition, number = divmod(seed, self._count)
        if repetition not in self._made:
            self._made = {repetition: self._drawn(repetition)}
        validates: NDArray[np.bool_] = self._made[repetition] == number
        return validates

    def _drawn(self, repetition: int) -> Numbers:
        """(n,) the fold of each example."""
        random = generator(repetition, "folds")
        if self._groups is not None:
            table = grouped.table_of(self._groups, self._labels)
            fold: Numbers = grouped.folds(table, self._count, self.largest, random)[self._groups]
            return fold
        # Examples are dealt out like cards, class by class, so that sizes and classes differ by one at most.
        dealt = np.lexsort((random.permutation(len(self._labels)), self._labels))
        fold = np.empty(len(dealt), dtype=np.int64)
        fold[dealt] = (np.arange(len(dealt)) + random.integers(self._count)) % self._count
        return fold
