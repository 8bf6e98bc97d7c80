"""United grids: each combined by itself, with what is swept outside of them."""

import pytest

from dropout_lab.core.errors import UserError
from dropout_lab.sweeper.combinations import Grid, axes_of, combinations
from dropout_lab.sweeper.space import parse

GRIDS: list[Grid] = [
    {"placement": "input", "rate": [0.1, 0.2]},
    {"placement": ["hidden"], "rate": [0.2, 0.5], "rates.head": 0.3},
]


def test_grids_are_combined_each_by_itself_and_with_what_is_swept_outside() -> None:
    (lr,), _ = parse(["optimizer.lr=0.01,0.02"], lambda key: [])
    axes = [*axes_of(GRIDS, [lr]), lr]
    assert {axis.key: axis.values for axis in axes} == {
        "placement": ["input", "hidden"],
        "rate": [0.1, 0.2, 0.5],
        "rates.head": [0.3],
        "optimizer.lr": [0.01, 0.02],
    }
    assert {axis.key for axis in axes if axis.is_new} == {"rates.head"}
    found = [tuple(combination.values()) for combination in combinations(axes, (), GRIDS)]
    expected = [("input", rate, lr) for rate in (0.1, 0.2) for lr in (0.01, 0.02)]
    assert found == expected + [("hidden", rate, 0.3, lr) for rate in (0.2, 0.5) for lr in (0.01, 0.02)]


def test_keys_of_one_grid_can_be_zipped() -> None:
    grids: list[Grid] = [{"rate": [0.1, 0.2], "optimizer.lr": [0.01, 0.02]}]
    found = list(combinations(axes_of(grids, []), [["rate", "optimizer.lr"]], grids))
    assert found == [{"rate": 0.1, "optimizer.lr": 0.01}, {"rate": 0.2, "optimizer.lr": 0.02}]


@pytest.mark.parametrize(
    ("line", "listed", "whole"),
    [
        ("trainer.batch_size=interval(8,64)", "trainer.batch_size=8,64,", "trainer.batch_size=int(interval(8,64))"),
        ("rate=interval(0,0.5)", "rate=0,0.5,", None),
        ("rate=interval(0,1)", "rate=0,1,", None),
    ],
)
def test_an_interval_in_a_grid_is_answered_with_what_its_key_takes(line: str, listed: str, whole: str | None) -> None:
    axes, _ = parse([line], lambda key: [])
    with pytest.raises(UserError) as refused:
        list(combinations(axes))
    assert f"e.g. {listed} or choose a sampler: sampler=random n_trials=50" in str(refused.value)
    assert ("int(" in str(refused.value)) == bool(whole)
    assert whole is None or whole in str(refused.value)
