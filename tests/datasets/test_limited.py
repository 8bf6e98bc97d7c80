"""A limit keeps the shares of the classes at every size, as nearly as parts of parts can."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_lab.datasets.limited import nested_shares, stratified_prefix


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(1, 25), min_size=2, max_size=6))
def test_every_share_is_within_tijdemans_distance_and_none_shrinks(counts: list[int]) -> None:
    whole, before = sum(counts), np.zeros(len(counts))
    for size in range(whole + 1):
        shares = np.array(nested_shares(tuple(counts), size))
        assert shares.sum() == size
        assert (shares >= before).all()
        assert np.abs(shares - size * np.array(counts) / whole).max() <= 1 - 1 / (2 * len(counts) - 2) + 1e-9
        before = shares
    assert before.tolist() == counts


def test_the_first_of_each_class_are_taken() -> None:
    labels = np.array([1, 1, 0, 1, 1, 0, 1, 1, 7, 1])
    assert stratified_prefix(labels, 5).tolist() == [0, 1, 2, 3, 4]
    assert stratified_prefix(labels, 6).tolist() == [0, 1, 2, 3, 4, 8]
    assert stratified_prefix(labels, 10).tolist() == list(range(10))
    assert stratified_prefix(np.zeros(4, dtype=np.int64), 2).tolist() == [0, 1]
    rare = np.repeat(np.arange(21), [800, *[10] * 20])
    taken = Counter(rare[stratified_prefix(rare, 45)].tolist())
    assert taken[0] in (35, 36, 37), "many rare classes do not crowd out, nor wait for, a common one"
