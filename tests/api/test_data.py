"""Data as people hold them become the examples that they are, or are refused with the part and the reason."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, Subset, TensorDataset

from dropout_lab.config.handed import handed
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.arrays import arrays
from dropout_lab.datasets.arrays_given import Arrays
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.held import arrays_of
from tests.api.nets import PARTS, X, Y


def made(given: Arrays, **settings: Any) -> Dataset:
    with handed({"python:a": given}):
        return arrays(handed="python:a", **settings)


def of(data: Any, **settings: Any) -> Dataset:
    return made(arrays_of(data), **settings)


class Pairs(torch.utils.data.Dataset[Any]):
    """Examples by a function of their number."""

    def __init__(self, item: Any, size: int = 20) -> None:
        self.item, self.size = item, size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, place: int) -> Any:
        return self.item(place)


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Any:
        return iter([])


FORMS = [
    PARTS,
    tuple(map(torch.from_numpy, PARTS)),
    tuple(array.tolist() for array in PARTS),
    (pd.DataFrame(PARTS[0]), pd.Series(PARTS[1]), pd.DataFrame(PARTS[2]), pd.Series(PARTS[3])),
    (TensorDataset(*map(torch.from_numpy, PARTS[:2])), TensorDataset(*map(torch.from_numpy, PARTS[2:]))),
    [Subset(TensorDataset(torch.from_numpy(X), torch.from_numpy(Y)), rows) for rows in (range(90), range(90, 120))],
]


@pytest.mark.parametrize("data", FORMS, ids=["numpy", "torch", "lists", "pandas", "Datasets", "Subsets"])
def test_every_form_is_the_same_data(data: Any) -> None:
    found = of(data)
    assert (found.task, found.outputs, found.standardize) == ("classification", 2, "feature")
    assert found.test.tolist() == list(range(90, 120))
    assert found.targets.tolist() == Y.tolist()
    split = found.split(0)
    assert len(split.val) == 18
    read = (found.inputs - split.mean) / split.std
    rows = X[split.train]
    assert np.allclose(read, (X - rows.mean(0)) / rows.std(0), atol=1e-5)


def test_without_test_examples_they_are_held_out_as_everywhere() -> None:
    found = of((X, Y), test_fraction=0.25)
    assert len(found.test) == 30
    assert abs(found.targets[found.test].float().mean() - Y.mean()) < 0.05  # stratified


def test_validation_examples_that_are_given_are_the_same_for_every_seed() -> None:
    found = of((X[:80], Y[:80], X[80:100], Y[80:100], X[100:], Y[100:]))
    for seed in range(2):
        split = found.split(seed)
        assert split.val.tolist() == list(range(80, 100))
        assert sorted(split.train.tolist()) == list(range(80))
    assert found.split(0).train.tolist() != found.split(1).train.tolist()


@pytest.mark.parametrize(
    ("y", "task", "outputs"),
    [
        (Y.astype(bool), "classification", 2),
        (Y.astype(float), "classification", 2),
        (np.where(Y, "yes", "no"), "classification", 2),
        (pd.Series(np.where(Y, "yes", "no")).astype("category"), "classification", 2),
        (pd.Series(np.where(Y, "yes", "no")), "classification", 2),
        (np.arange(120) % 3 * 10, "classification", 3),
        (X[:, 0] + 1e6, "regression", 1),
        (torch.arange(120.0) / 7, "regression", 1),
    ],
)
def test_the_task_is_decided_as_for_a_table(y: Any, task: str, outputs: int) -> None:
    found = of((X, y))
    assert (found.task, found.outputs) == (task, outputs)
    assert task in found.notes[0]
    if task == "regression":
        known = found.targets[found.split(0).train].double()
        assert np.isclose(known.std(), np.asarray(y, dtype=float)[found.split(0).train].std(ddof=1), rtol=1e-3)


def test_the_task_can_be_said() -> None:
    assert of((X, np.arange(120) % 5), task="regression").task == "regression"
    assert of((X, np.arange(120) % 30), task="classification", test_fraction=0.5, val_fraction=0.5).outputs == 30


def test_images_are_standardized_by_channel_and_sequences_by_feature_over_their_steps() -> None:
    assert of((np.zeros((120, 1, 4, 4), dtype=np.uint8), Y)).standardize == "channel"
    assert of((np.zeros((120, 5, 3)), Y)).standardize == "step"
    assert of((X, Y), standardize="none").standardize == "none"


def test_features_of_0_and_1_are_left_alone() -> None:
    found = of((np.stack([Y, X[:, 0] + 1e6], 1), Y))
    assert found.indicators == (0,)
    assert found.inputs[:, 0].tolist() == Y.tolist()


def test_the_hash_knows_the_examples_and_their_parts() -> None:
    first = arrays_of(PARTS).digest()
    assert arrays_of(PARTS).digest() == first
    changed = X.copy()
    changed[0, 0] += 1
    assert len({first, arrays_of((X, Y)).digest(), arrays_of((changed[:90], *PARTS[1:])).digest()}) == 3
    assert arrays_of((X, np.where(Y, "a", "b"))).digest() != arrays_of((X, np.where(Y, "a", "c"))).digest()


REFUSED = [
    (3, "data: must be (X, y)"),
    ((X,), "it is 1 arrays"),
    ((X, Y, X), "it is 3 arrays"),
    (("X", Y), "data: X is a str"),
    ((X[:, 0], Y), "data: X has the shape (120,)"),
    ((X[:50], Y), "data: X has 50 examples and y 120"),
    ((X, Y, X[:0], Y[:0]), "data: X_test has 0 examples"),
    ((X, np.stack([Y, Y], 1)), "data: y has the shape (120, 2) and only 0 and 1: give dataset.task=multilabel"),
    (
        (X, np.stack([Y, Y], 1).astype(str)),
        "data: y has the shape (120, 2) and the type <U21; must be",
    ),
    ((X, np.zeros((120, 2, 2))), "data: y has the shape (120, 2, 2)"),
    (
        (X[:90], X[:90, :2], X[90:], X[90:, :3]),
        "data: y_test has the shape (30, 3), and data: y_train (90, 2)",
    ),
    ((np.where(X > 2, np.nan, X), Y), "values are NaN, the first in example"),
    ((X, np.where(Y, np.inf, 0)), "values are infinite or beyond 1e+38"),
    ((X.astype(object), Y), "data: X has the type object"),
    ((pd.DataFrame({"a": ["x"] * 120, "b": Y}), Y), "data: X: column a has the type"),
    ((X, pd.Series([None, *Y[1:]])), "data: y: value 0 is missing"),
    ((X, [object()] * 120), "data: y has the type object"),
    ((X.astype(complex), Y), "data: X has the type complex"),
    (([[1, 2], [3]], [0, 1]), "rows have different lengths"),
    ((X[:90], Y[:90], X[90:, :3], Y[90:]), "X_test has examples of the shape (3,)"),
    ((X[:90], Y[:90], X[90:], np.where(Y[90:], "a", "b")), "y_test has the type"),
    ((X[:90], Y[:90], X[90:], Y[90:] + 1), "the test part has the class 2"),
    ((X, np.zeros(120)), "every y is the same"),
    ((X, np.arange(120)), "120 different integers, which may be classes or quantities"),
    (DataLoader(TensorDataset(torch.zeros(3, 2))), "loader.dataset"),
    (Stream(), "must be map-style"),
    (Pairs(lambda place: torch.zeros(2)), "must be a pair (input, target)"),
    (Pairs(lambda place: ("image", 1)), "transform=ToTensor()"),
    (Pairs(lambda place: (torch.zeros(2 + place), 1)), "different shapes"),
    (Pairs(lambda place: (torch.zeros(2), torch.zeros(2, 2))), "its target has the shape (2, 2)"),
    (Pairs(lambda place: (torch.zeros(2), torch.zeros(2 + place))), "its targets have different shapes"),
    (Pairs(lambda place: (torch.rand(2), place % 2)), "another one each time"),
    (Pairs(None, size=0), "has no examples"),
    ((TensorDataset(torch.zeros(3, 2), torch.zeros(3)), Y), "beside a Dataset"),
]


@pytest.mark.parametrize(("data", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_cannot_be_learned_from_is_refused(data: Any, said: str) -> None:
    with pytest.raises(UserError) as refused:
        of(data)
    assert said in str(refused.value)


MARKS = np.random.default_rng(2).integers(0, 2, (120, 3))


@pytest.mark.parametrize("rows", [torch.from_numpy, pd.DataFrame, np.ndarray.tolist])
def test_rows_of_numbers_are_several_outputs(rows: Any) -> None:
    found = of((X, rows(X[:, :2] + 1000)))
    assert (found.task, found.outputs, list(found.class_names)) == ("regression", 2, ["y[0]", "y[1]"])
    np.testing.assert_allclose(found.targets, X[:, :2] - np.median(X[:, :2][outside(found)], axis=0), atol=1e-4)
    assert "y has the shape (120, 2): it is taken as 2 outputs, each a number (regression)" in found.notes[0]


def outside(found: Dataset) -> Any:
    return np.setdiff1d(np.arange(120), found.test.numpy())


def test_rows_of_marks_are_labels_where_the_task_says_so() -> None:
    found = of((X[:90], MARKS[:90], X[90:], MARKS[90:]), task="multilabel")
    assert (found.task, found.outputs) == ("multilabel", 3)
    np.testing.assert_array_equal(found.targets, MARKS)
    assert found.test.tolist() == list(range(90, 120))
    assert "it is taken as 3 labels that an example has or has not (multilabel)" in found.notes[0]
    assert of(TensorDataset(torch.from_numpy(X), torch.from_numpy(MARKS)), task="regression").task == "regression"
    with pytest.raises(UserError, match=r"data: y has one value for each example; must have the shape"):
        of((X, Y), task="multilabel")


def test_one_hot_rows_are_classes_unless_the_task_says_otherwise() -> None:
    rows = np.eye(2)[Y]
    found = of((X[:90], rows[:90], X[90:], rows[90:]))
    assert (found.task, found.outputs, found.targets.tolist()) == ("classification", 2, Y.tolist())
    assert "taken as one-hot, 2 classes; change that with dataset.task=multilabel or" in found.notes[0]
    for task in ("multilabel", "regression"):
        assert (of((X, rows), task=task).task, of((X, rows), task=task).outputs) == (task, 2)


def test_class_weights_and_folds_of_arrays() -> None:
    found = of((X, np.where(Y, "yes", "no")), class_weight={"no": 1, "yes": 3}, folds=4)
    weights = found.split(0).class_weights
    assert weights is not None
    assert float(weights[1] / weights[0]) == pytest.approx(3)
    assert sorted(row for seed in range(4) for row in found.split(seed).val.tolist()) == outside(found).tolist()
    with pytest.raises(UserError, match=r"dataset.folds=4 and dataset.val_fraction=0.1: a fold's size follows"):
        of((X, Y), folds=4, val_fraction=0.1)
    with pytest.raises(UserError, match=r"dataset.folds=4: the validation part is given"):
        of((X[:60], Y[:60], X[60:90], Y[60:90], X[90:], Y[90:]), folds=4)
    with pytest.raises(UserError, match=r"dataset.class_weight=balanced: .* has no one class"):
        of((X, X[:, :2]), class_weight="balanced")


def test_a_task_that_the_targets_cannot_have_is_refused() -> None:
    with pytest.raises(UserError, match="are no classes"):
        of((X, X[:, 0]), task="classification")
    with pytest.raises(UserError, match="must be numbers"):
        of((X, np.where(Y, "a", "b")), task="regression")
