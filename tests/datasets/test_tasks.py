"""The copy and the adding task: what is asked for, and where."""

from collections.abc import Callable

import pytest
import torch

from dropout_lab.core.errors import UserError
from dropout_lab.core.tokens import NO_CLASS, SPECIAL_TOKENS
from dropout_lab.datasets.adding import adding
from dropout_lab.datasets.copy import copy
from dropout_lab.datasets.dataset import Dataset
from tests.made import made


@pytest.mark.parametrize("lag", [1, 2, 10, 50])
@pytest.mark.parametrize(("items", "symbols"), [(10, 8), (3, 2)])
def test_copy_asks_for_the_symbols_in_order_after_the_lag(lag: int, items: int, symbols: int) -> None:
    dataset = copy(lag=lag, items=items, symbols=symbols, examples=200)
    assert dataset.inputs.shape == (200, lag + 2 * items)
    named = [[dataset.vocabulary[token] for token in row] for row in dataset.inputs.tolist()]
    for row, asked in zip(named, dataset.targets.tolist(), strict=True):
        assert row[items:] == ["blank"] * (lag - 1) + ["delimiter"] + ["blank"] * items
        assert asked == [NO_CLASS] * (items + lag) + [int(symbol) for symbol in row[:items]]
    shares = torch.bincount(dataset.targets[dataset.targets >= 0], minlength=symbols) / (200 * items)
    assert ((shares - 1 / symbols).abs() < 5 * (1 / symbols / (200 * items)) ** 0.5).all()
    split = dataset.split(0)
    assert torch.equal(split.val_targets, dataset.targets[split.val])
    assert dataset.outputs == symbols
    assert len(dataset.vocabulary) == len(SPECIAL_TOKENS) + symbols + 2


@pytest.mark.parametrize("lag", [2, 3, 20])
def test_adding_asks_for_the_sum_of_the_marked_numbers(lag: int) -> None:
    dataset = adding(lag=lag, examples=4000)
    numbers, marks = dataset.inputs.unbind(2)
    assert dataset.inputs.shape == (4000, lag, 2)
    assert ((numbers >= 0) & (numbers <= 1)).all()
    first, second = marks[:, : lag // 2], marks[:, lag // 2 :]
    for half in (first, second):
        assert (half.sum(1) == 1).all()
        assert (half.sum(0) > 0).all()
        assert set(half.unique().tolist()) <= {0.0, 1.0}
    for row in range(100):
        pair = numbers[row][marks[row] == 1]
        assert dataset.targets[row] == pair[0] + pair[1]
    assert dataset.targets.var().item() == pytest.approx(1 / 6, rel=0.1)
    split = dataset.split(1)
    assert split.val_targets.square().mean().item() == pytest.approx(1, rel=0.15)


@pytest.mark.parametrize("task", [copy, adding])
def test_another_lag_is_asked_of_the_same_examples_and_another_data_seed_of_others(
    task: Callable[..., Dataset],
) -> None:
    near, far, other = task(lag=4, examples=50), task(lag=9, examples=50), task(lag=4, examples=50, data_seed=1)
    if task is copy:
        assert torch.equal(near.targets[:, -10:], far.targets[:, -10:])
    assert torch.equal(near.test, far.test)
    assert torch.equal(near.split(3).val, far.split(3).val)
    assert not torch.equal(near.inputs, other.inputs)


@pytest.mark.parametrize(
    ("task", "key", "value"),
    [
        *[(copy, "lag", 0), (copy, "items", 0), (copy, "symbols", 1), (copy, "examples", 0), (copy, "data_seed", -1)],
        *[(adding, "lag", 1), (adding, "examples", 0), (adding, "data_seed", -1)],
    ],
)
def test_a_task_refuses_what_cannot_be(task: Callable[..., Dataset], key: str, value: int) -> None:
    with pytest.raises(UserError, match=f"dataset.{key}={value}: must be a whole number of at least"):
        made("dataset", task, **{key: value})
