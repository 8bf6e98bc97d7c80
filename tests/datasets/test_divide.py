"""Examples are divided as scikit-learn divides them, to the bit: a run's data must not change with our code."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from dropout_lab.datasets.digits import digits
from dropout_lab.datasets.divide import shuffled, stratified

SEEDS = st.integers(0, 2**32 - 1)


@given(st.lists(st.integers(2, 9), min_size=1, max_size=6), st.data(), SEEDS)
def test_a_stratified_division_is_scikit_learns(counts: list[int], data: st.DataObject, seed: int) -> None:
    labels = np.repeat(np.arange(len(counts)) * 3 - 4, counts)
    labels = labels[np.random.RandomState(seed).permutation(len(labels))]
    size = data.draw(st.integers(len(counts), len(labels) - len(counts)))
    theirs = train_test_split(np.arange(len(labels)), test_size=size, random_state=seed, stratify=labels)
    for ours, other in zip(stratified(labels, size, seed), theirs, strict=True):
        np.testing.assert_array_equal(ours, other)


@given(st.integers(2, 60), st.data(), SEEDS)
def test_a_division_without_classes_is_scikit_learns(count: int, data: st.DataObject, seed: int) -> None:
    size = data.draw(st.integers(1, count - 1))
    theirs = train_test_split(np.arange(count), test_size=size, random_state=seed)
    for ours, other in zip(shuffled(count, size, seed), theirs, strict=True):
        np.testing.assert_array_equal(ours, other)


@pytest.mark.parametrize("fraction", [0.2, 0.37])
def test_the_digits_are_scikit_learns(fraction: float) -> None:
    images, labels = load_digits(return_X_y=True)
    made = digits(test_fraction=fraction)
    torch.testing.assert_close(made.inputs.flatten(1).double() * 16, torch.from_numpy(images), rtol=0, atol=0)
    assert made.targets.tolist() == labels.tolist()
