"""United grids: each combined by itself, with what is swept outside of them."""

from dropout_lab.sweep.combinations import Grid, axes_of, combinations
from dropout_lab.sweep.space import parse

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
