"""A table in several files: one to train on, and others with the validation part or the test set."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.table import table
from tests.datasets.test_divided_tables import N, frame, save


def test_further_files_validate_and_test(tmp_path: Path) -> None:
    rows = frame(city=["Oslo", "Rome"] * 40)
    paths: dict[str, Any] = {
        "path": save(tmp_path, rows[:50]),
        "val_path": save(tmp_path, rows[50:60][["label", "city", "size"]], "val.csv"),
        "test_path": save(tmp_path, rows[60:], "test.csv"),
    }
    dataset = table(target="label", **paths)
    split = dataset.split(5)
    assert sorted(split.train.tolist()) == list(range(50))
    assert split.val.tolist() == list(range(50, 60))
    assert dataset.test.tolist() == list(range(60, 80))
    assert dataset.division == "by files"
    assert dataset.place is not None
    assert [dataset.place(row) for row in (0, 49, 50, 79)] == [
        "line 2",
        "line 51",
        f"line 2 of {paths['val_path']}",
        f"line 21 of {paths['test_path']}",
    ]
    whole = table(path=save(tmp_path, rows, "whole.csv"), target="label", drop=[])
    assert np.allclose(np.diff(dataset.inputs[:, 0]), np.diff(whole.inputs[:, 0]), atol=1e-6)
    paths.pop("val_path")
    drawn = table(target="label", folds=5, **paths)
    assert (len(drawn.split(0).val), len(drawn.test), drawn.division) == (10, 20, "")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"size": None},
            "dataset.val_path=.*val.csv: lacks the columns size; must have those of .*my.csv: size, label, code",
        ),
        (
            {"extra": 1, "weight": 2},
            "dataset.val_path=.*val.csv: has the columns extra, weight besides; must have those",
        ),
        (
            {"code": "A1"},
            "dataset.val_path=.*val.csv: column code has words, and that of .*my.csv numbers; must be alike",
        ),
        ({"label": None}, "dataset.val_path=.*val.csv: lacks the columns label"),
    ],
)
def test_further_files_with_other_columns_are_refused(more: dict[str, Any], said: str, tmp_path: Path) -> None:
    rows = frame(code=1)
    other = rows.assign(**more).drop(columns=[name for name, value in more.items() if value is None])
    with pytest.raises(UserError, match=said):
        table(path=save(tmp_path, rows), val_path=save(tmp_path, other, "val.csv"), target="label")


@pytest.mark.parametrize("settings", [{"keep": ["code"]}, {"columns": {"code": "category"}}], ids=str)
def test_categories_of_further_files_may_be_numbers_in_one_of_them(settings: dict[str, Any], tmp_path: Path) -> None:
    rows = frame(code=[1, 2] * (N // 2))
    path = save(tmp_path, rows)
    mixed = save(tmp_path, rows.assign(code=["A1", 1] * (N // 2)), "mixed.csv")
    with pytest.raises(UserError, match=r"line 2 of .*mixed.csv: column code has numbers, and here 'A1'"):
        table(path=path, val_path=mixed, target="label")
    assert table(path=path, val_path=mixed, target="label", **settings).input_shape == (4,)
    val_path = save(tmp_path, rows.assign(code="A1"), "val.csv")
    with pytest.raises(
        UserError, match=r"column code has words, and .* numbers; .*give dataset.columns={code:category}, or write"
    ):
        table(path=path, val_path=val_path, target="label")
    found = table(path=path, val_path=val_path, target="label", **settings)
    assert found.input_shape == (4,)


def test_further_files_are_others_and_their_mistakes_have_their_own_place(tmp_path: Path) -> None:
    path = save(tmp_path, frame())
    with pytest.raises(
        UserError, match=r"dataset.test_path=.*my.csv: is dataset.path, too; the parts must have different"
    ):
        table(path=path, test_path=str(tmp_path / "." / "my.csv"), target="label")
    with pytest.raises(UserError, match=r"dataset.val_path=none.csv: there is no such file"):
        table(path=path, val_path="none.csv", target="label")
    with pytest.raises(
        UserError, match=r"dataset.test_path=.* and dataset.test_fraction=0.1: both say which rows test"
    ):
        table(path=path, test_path=path, target="label", test_fraction=0.1)
    holed = save(tmp_path, frame(label=["no", None] * 40), "holed.csv")
    with pytest.raises(UserError, match=r"my.csv, line 3 of .*holed.csv: column label, the target, is empty"):
        table(path=path, test_path=holed, target="label")
