"""What functions of users return becomes a data set, and the sets of scikit-learn do, by name."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import TensorDataset

from dropout_lab.build.builder import Builder
from dropout_lab.build.cohort_trainer import CohortTrainer
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.own_function import dataset_of
from dropout_lab.datasets.sklearn import sklearn
from dropout_lab.datasets.wine import wine
from tests.datasets.user_files import X, Y

HERE = "tests.datasets.test_own_function"


def pair(n: int = 60) -> Any:
    return X[:n], Y[:n]


def four() -> Any:
    return X[:40], Y[:40], X[40:], Y[40:]


def tensors() -> Any:
    return TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))


def mapping() -> Any:
    return {"features": X, "labels": Y}


def ours(val_fraction: float = 0.2) -> Dataset:
    return wine(val_fraction=val_fraction)


def nothing() -> None:
    return None


def made(name: str, **section: Any) -> Dataset:
    return dataset_of({"_target_": f"{HERE}.{name}", **section})


@pytest.mark.parametrize("name", ["pair", "tensors", "mapping"])
def test_a_function_may_return_any_form(name: str) -> None:
    found = made(name, limit=10, test_fraction=0.25)
    assert found.inputs.shape == (60, 4)
    assert (len(found.test), len(found.split(0).train), found.outputs) == (15, 10, 3)
    assert HERE in found.notes[0] or "TensorDataset" in found.name


def test_a_function_gets_the_keys_that_it_names_and_the_rest_is_decided_here() -> None:
    assert len(made("pair", n=30, standardize="none").inputs) == 30
    assert made("four").test.tolist() == list(range(40, 60))
    found = made("ours", val_fraction=0.4, task=None)
    assert (found.name, found.val_fraction) == ("wine", 0.4)


@pytest.mark.parametrize(
    ("name", "section", "said"),
    [
        ("nothing", {}, "nothing: must be .X, y., .*it is a NoneType"),
        ("pair", {"limit": 0}, "dataset.limit=0: must be a whole number of at least 1"),
        ("pair", {"layout": "rows"}, "dataset.layout=rows: must be one of sequence, grey"),
        ("pair", {"m": 3}, "unexpected keyword argument"),
        ("ours", {"limit": 5}, "dataset.limit=5: .*ours returns a Dataset, .* must take the argument limit"),
        ("nosuch", {}, "has no nosuch"),
    ],
)
def test_what_a_function_may_not(name: str, section: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        made(name, **section)


def test_the_record_has_a_hash_of_what_a_function_returned() -> None:
    trainer = CohortTrainer(Builder())
    hashes = {trainer.data({"dataset": {"_target_": f"{HERE}.pair", "n": n}}) for n in (40, 50)}
    assert len(hashes - {None}) == 2


@pytest.mark.parametrize(
    ("name", "settings", "shape", "task"),
    [
        ("load_iris", {}, (150, 4), "classification"),
        ("load_digits", {}, (1797, 1, 8, 8), "classification"),
        ("load_digits", {"arguments": {"n_class": 3}}, (537, 1, 8, 8), "classification"),
        ("load_diabetes", {"drop": ["age"]}, (442, 9), "regression"),
        ("load_linnerud", {"target": "Pulse", "task": "regression"}, (20, 3), "regression"),
    ],
)
def test_a_set_of_scikit_learn(name: str, settings: Any, shape: tuple[int, ...], task: str) -> None:
    found = sklearn(name=name, **settings)
    assert (tuple(found.inputs.shape), found.task) == (shape, task)
    assert found.notes
    if name == "load_iris":
        assert list(found.class_names) == ["setosa", "versicolor", "virginica"]


def test_several_targets_weights_and_folds_of_a_set_of_scikit_learn() -> None:
    several = sklearn(name="load_linnerud", target=["Weight", "Pulse"], folds=4)
    assert (several.task, several.outputs, several.input_shape, several.folds) == ("regression", 2, (3,), 4)
    assert "Weight, Pulse are the targets (regression); Waist, other targets, are left out" in several.notes[0]
    weighted = sklearn(name="load_iris", class_weight={"setosa": 1, "versicolor": 2, "virginica": 4}).split(0)
    assert weighted.class_weights is not None
    assert (weighted.class_weights / weighted.class_weights[0]).tolist() == pytest.approx([1, 2, 4])
    assert sklearn(name="load_digits", class_weight="balanced", folds=3).class_weight == "balanced"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "dataset.name=null: is no function .* allowed: fetch_california_housing, .*load_wine"),
        ({"name": "load_iri"}, "did you mean load_iris"),
        ({"name": "load_files"}, "take dataset=labelled_text"),
        ({"name": "load_linnerud"}, "has the targets Weight, Waist, Pulse; choose one with dataset.target=Weight"),
        ({"name": "load_digits", "target": "y"}, "dataset.target=y: .* no columns with names"),
        ({"name": "load_iris", "layout": "grey"}, "dataset.layout=grey: .* is read as a table"),
        ({"name": "load_iris", "arguments": {"n": 3}}, "load_iris refuses its arguments: .*unexpected"),
        ({"name": "load_iris", "arguments": {"data_home": "x"}}, "dataset.arguments.data_home: is decided here"),
    ],
)
def test_what_scikit_learn_does_not_have(settings: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        sklearn(**settings)


def test_without_network_a_message_says_where_the_set_may_be_put(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sklearn.datasets as sets

    def offline(**arguments: Any) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr(sets, "fetch_covtype", offline)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    with pytest.raises(UserError, match=r"dataset.name=fetch_covtype: cannot be downloaded: Name .*SCIKIT_LEARN_DATA"):
        sklearn(name="fetch_covtype")


def test_a_module_of_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "some_data.py").write_text(
        "import numpy as np\ndef load():\n    return np.eye(30), np.arange(30) % 2\n"
    )
    assert dataset_of({"_target_": "some_data.load"}).name == "load"
    sys.modules.pop("some_data")
