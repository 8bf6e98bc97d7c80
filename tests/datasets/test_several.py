"""Several targets of a table: numbers of several outputs, labels in columns or in cells; and rows without a target."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.chance import chance_loss
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.several import several_of_array
from dropout_lab.datasets.table import table

ROWS = 60


def rows(**changes: Any) -> pd.DataFrame:
    i = np.arange(ROWS)
    columns = {"x": i * 0.5, "y1": i**2 / 10 + 0.25, "y2": 1000.5 - 3 * i, "a": i % 2, "b": i % 3 == 0}
    columns["c"] = np.where(i % 5 == 1, "Yes", "no")
    columns["tags"] = [";".join(word for word, n in (("red", 2), ("blue", 3), ("green", 5)) if k % n == 0) for k in i]
    return pd.DataFrame(columns | changes)


def read(folder: Path, frame: pd.DataFrame, *targets: str, **arguments: Any) -> Dataset:
    """A table of x and these targets."""
    path = folder / "my.csv"
    frame[["x", *targets]].to_csv(path, index=False)
    return table(path=str(path), target=list(targets), **arguments)


def test_each_output_is_standardized_by_the_training_part_and_gets_noise_of_its_own(tmp_path: Path) -> None:
    frame = rows()
    dataset = read(tmp_path, frame, "y1", "y2")
    assert (dataset.task, dataset.outputs, list(dataset.class_names)) == ("regression", 2, ["y1", "y2"])
    assert dataset.input_shape == (1,)
    for seed in range(2):
        split = dataset.split(seed)
        values = frame[["y1", "y2"]].to_numpy()
        train = values[split.train.numpy()]
        for part, targets in ((split.val, split.val_targets), (dataset.test, split.test_targets)):
            expected = (values[part.numpy()] - train.mean(0)) / train.std(0)
            np.testing.assert_allclose(targets, expected, atol=1e-4)
        squared = split.val_targets.double().square().mean().item()
        assert chance_loss(split, "regression", 2) == pytest.approx(squared, rel=1e-4)
        noisy = read(tmp_path, frame, "y1", "y2", label_noise=2.0).split(seed)
        errors = (noisy.train_targets - split.train_targets) / 2
        assert torch.equal(noisy.val_targets, split.val_targets)
        assert 0.6 < errors[:, 0].std() < 1.4
        assert abs(np.corrcoef(errors.T)[0, 1]) < 0.6
        less = read(tmp_path, frame, "y1", "y2", label_noise=1.0).split(seed)
        torch.testing.assert_close(less.train_targets - split.train_targets, errors)


def test_labels_are_columns_of_0_and_1_or_words_for_them(tmp_path: Path) -> None:
    dataset = read(tmp_path, rows(), "a", "b", "c", task="multilabel")
    i = np.arange(ROWS)
    assert (dataset.task, dataset.outputs, list(dataset.class_names)) == ("multilabel", 3, ["a", "b", "c"])
    np.testing.assert_array_equal(dataset.targets, np.stack([i % 2, i % 3 == 0, i % 5 == 1], 1))
    split = dataset.split(0)
    shares = (split.train_targets.double().sum(0) + 1) / (len(split.train) + 2)
    known = torch.where(split.val_targets == 1, shares, 1 - shares)
    assert chance_loss(split, "multilabel", 3) == pytest.approx(-known.log().mean().item(), rel=1e-6)
    noisy = read(tmp_path, rows(), "a", "b", "c", task="multilabel", label_noise=1.0).split(0)
    assert torch.equal(noisy.train_targets, 1 - split.train_targets)
    assert torch.equal(noisy.val_targets, split.val_targets)
    one = read(tmp_path, rows(), "a", task="multilabel")
    assert one.targets.shape == (ROWS, 1)


def test_labels_are_words_in_the_cells_of_a_column(tmp_path: Path) -> None:
    dataset = read(tmp_path, rows(), "tags", label_sep=";")
    i = np.arange(ROWS)
    assert (dataset.task, list(dataset.class_names)) == ("multilabel", ["blue", "green", "red"])
    np.testing.assert_array_equal(dataset.targets, np.stack([i % 3 == 0, i % 5 == 0, i % 2 == 0], 1))
    (warning,) = dataset.warnings
    assert "16 of 60 cells are empty, read as examples without any label" in warning
    assert not read(tmp_path, rows(), "tags", label_sep=";", keep=["tags"]).warnings
    spaced = rows(tags=[f" red |{'blue' if k % 2 else ''}|red" for k in range(ROWS)])
    np.testing.assert_array_equal(read(tmp_path, spaced, "tags", label_sep="|").targets, np.stack([i % 2, i >= 0], 1))
    tested = dataset.test[0].item()
    late = rows()
    late.loc[tested, "tags"] = "red;violet"
    *_, warning = read(tmp_path, late, "tags", label_sep=";").warnings
    assert "violet is a label of test rows alone, and left out" in warning


def test_rows_without_a_target_are_dropped_if_that_is_wanted_and_counted(tmp_path: Path) -> None:
    frame = rows(y1=[None if k in (4, 7) else k / 3 for k in range(ROWS)])
    frame["y2"] = frame["y2"].where(frame.index != 9)
    refused = r"my.csv, line 6: column y1, the target, is empty; dataset.missing_target=drop leaves such rows out"
    with pytest.raises(UserError, match=refused):
        read(tmp_path, frame, "y1")
    one = read(tmp_path, frame, "y1", missing_target="drop")
    assert len(one.targets) == ROWS - 2
    assert list(one.notes) == [
        f"{tmp_path / 'my.csv'}: 2 of 60 rows, the first line 6, have no y1 and are left out"
        " (dataset.missing_target=drop)"
    ]
    assert len(read(tmp_path, frame, "y1", "y2", missing_target="drop").targets) == ROWS - 3
    assert not read(tmp_path, rows(), "y1", missing_target="drop").notes
    frame = frame.astype({"x": object})
    frame.loc[12, "x"] = "many"
    with pytest.raises(UserError, match=r"my.csv, line 14: column x has numbers, and here 'many'"):
        read(tmp_path, frame, "y1", missing_target="drop")
    with pytest.raises(UserError, match="y1, the target, is empty in every row"):
        read(tmp_path, rows(y1=None), "y1", missing_target="drop")


@pytest.mark.parametrize(
    ("targets", "arguments", "changes", "message"),
    [
        (("a", "b"), {}, {}, "have only 0 and 1, or no and yes; give dataset.task=multilabel for labels"),
        (
            ("y1", "tags"),
            {},
            {"tags": ["red", "blue"] * 30},
            "line 2: column tags has 'red'; several targets must",
        ),
        (("a", "y2"), {"task": "multilabel"}, {}, "line 2: column y2 has '1000.5'; a label"),
        (("y1", "y2"), {"task": "classification"}, {}, r"dataset.target=\[y1, y2\] are 2 columns, and a class is one"),
        (("a", "b"), {"task": "multilabel"}, {"a": 1}, "dataset.target=a: every row of .* has the same, 1; a label"),
        (("y1", "y2"), {}, {"y2": 2.5}, "dataset.target=y2: every row of .* has the same, 2.5"),
        (("y1", "no"), {}, {"no": 1.5}, "dataset.target=y9"),
        (("y1", "y1"), {}, {}, "columns 1 and 2 have the same name, y1"),
        (("tags",), {"label_sep": ";", "task": "regression"}, {}, "must be multilabel or null"),
        (("tags", "a"), {"label_sep": ";"}, {}, "dataset.target must name one"),
        (("tags",), {"label_sep": " "}, {}, "must be a character between the labels"),
        (("tags",), {"label_sep": ";"}, {"tags": ["Red", "red"] * 30}, "differ only in spelling"),
        (("tags",), {"label_sep": ";"}, {"tags": [f"t{k}" for k in range(ROWS)]}, "these are no classes"),
        (("tags",), {"label_sep": ";"}, {"tags": None}, "has no label outside of the test set"),
        (("y1", "y2"), {"drop": ["y2"]}, {}, "dataset.drop=y2: is the target"),
    ],
)
def test_what_is_no_target_is_refused(
    targets: tuple[str, ...], arguments: dict[str, Any], changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    frame, names = rows(**changes), list(targets)
    (tmp_path / "my.csv").write_text(frame[["x", *dict.fromkeys(names)]].to_csv(index=False))
    if "y9" in message:
        names = ["y1", "y9"]
    with pytest.raises(UserError, match=message):
        table(path=str(tmp_path / "my.csv"), target=names, **arguments)


def test_the_columns_of_an_array_are_outputs_or_labels() -> None:
    drawn, outside = np.random.default_rng(0), np.arange(30) < 24
    numbers, marks = drawn.normal(1000, 1, (30, 2)), drawn.integers(0, 2, (30, 3))
    found = several_of_array(numbers, None, outside)
    assert (found.task, found.outputs, list(found.class_names)) == ("regression", 2, ["y[0]", "y[1]"])
    np.testing.assert_allclose(found.targets, numbers - np.median(numbers[outside], axis=0), atol=1e-6)
    labels = several_of_array(marks, "multilabel", outside)
    assert (labels.task, labels.outputs) == ("multilabel", 3)
    np.testing.assert_array_equal(labels.targets, marks)
    assert several_of_array(marks.astype(bool), "regression", outside).task == "regression"
    constant = np.where(outside[:, None], 1.0, numbers)
    wrong: list[tuple[Any, Any, str]] = [
        (marks, None, "only 0 and 1: give dataset.task=multilabel"),
        (marks + 1, "multilabel", "and 2; must be 0 or 1"),
        (numbers, "classification", "a class is one value; must be regression or multilabel"),
        (constant, None, "column 0 is 1 in every example to train on"),
    ]
    for values, task, message in wrong:
        with pytest.raises(UserError, match=message):
            several_of_array(values, task, outside)
