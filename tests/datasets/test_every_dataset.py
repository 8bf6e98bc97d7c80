"""The contract of every dataset in conf/dataset: a new file there is tested as soon as it exists."""

import inspect
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra.utils import get_method, instantiate
from omegaconf import OmegaConf

from dropout_lab.cohort.passes import inputs_of
from dropout_lab.core.errors import UserError
from dropout_lab.core.tokens import NO_CLASS, UNKNOWN
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.diabetes import diabetes
from dropout_lab.datasets.synthetic import synthetic
from tests.made import made

FOLDER = Path(__file__).parents[2] / "conf" / "dataset"
WITHOUT_PATH = {"text"}
"""Those that may be read from a file, but come along otherwise."""
NAMED = {"own", "sklearn"}
"""Those that a name of the user's chooses (test_own_function.py)."""
EMBEDDED = [
    path
    for path in sorted(FOLDER.glob("*.yaml"))
    if path.stem in WITHOUT_PATH or (path.stem not in NAMED and "path" not in OmegaConf.load(path))
]
"""Those that come with the package; the others are read from files (test_hub.py, test_table.py and test_text.py), or
handed over from Python (tests/api)."""
every_dataset = pytest.mark.parametrize("path", EMBEDDED, ids=lambda path: path.stem)


def load(path: Path, **changes: Any) -> Dataset:
    dataset = instantiate(OmegaConf.load(path), **changes)
    assert isinstance(dataset, Dataset)
    return dataset


@cache
def loaded(path: Path) -> Dataset:
    return load(path)


def test_there_are_datasets() -> None:
    found = {path.stem for path in FOLDER.glob("*.yaml")}
    assert found >= {"digits", "breast_cancer", "wine", "diabetes", "synthetic", "text", "copy", "adding"}
    assert found >= {"labelled_text", "trec", "sst2", "imdb", "ag_news", "wikitext2", "ptb"}


@every_dataset
def test_a_dataset_keeps_its_word(path: Path) -> None:
    dataset = loaded(path)
    assert dataset.name == path.stem
    split = dataset.split(0)
    parts = torch.cat([split.train, split.val, dataset.test])
    assert sorted(parts.tolist()) == list(range(len(dataset.inputs)))
    assert dataset.inputs.dtype == (torch.int64 if dataset.vocabulary else torch.float32)
    assert dataset.inputs[0].shape == dataset.input_shape
    given = {"inputs": dataset.inputs, **{name: value[None] for name, value in split.reading().items()}}
    read = inputs_of(torch.arange(len(dataset.inputs))[None], given)[0]
    assert read.shape == dataset.inputs.shape
    if dataset.vocabulary:
        assert set(read.unique().tolist()) <= {UNKNOWN, *dataset.inputs[split.train].unique().tolist()}
    else:
        assert read.isfinite().all()
        if dataset.standardize != "none":
            assert read[split.train].mean().abs() < 1e-4
    if dataset.task == "token_classification":
        for targets in (split.train_targets, split.val_targets, split.test_targets):
            assert targets.dtype == torch.int64
            assert targets.shape[1:] == dataset.input_shape
            assert set(targets.unique().tolist()) <= {NO_CLASS, *range(dataset.outputs)}
    elif dataset.task == "classification":
        for targets in (split.train_targets, split.val_targets, split.test_targets):
            assert targets.dtype == torch.int64
            assert set(targets.tolist()) == set(range(dataset.outputs))
    else:
        assert dataset.outputs == 1
        assert split.train_targets.mean().abs() < 1e-5
        assert abs(split.train_targets.std(correction=0).item() - 1) < 1e-5


@every_dataset
def test_a_dataset_is_the_same_every_time_and_its_test_part_for_all_settings(path: Path) -> None:
    noise = {"label_noise": 0.5} if "label_noise" in OmegaConf.load(path) else {}
    first, again, other = loaded(path), load(path), load(path, limit=20, val_fraction=0.4, **noise)
    for dataset in (again, other):
        assert torch.equal(first.inputs, dataset.inputs)
        assert torch.equal(first.targets, dataset.targets)
        assert torch.equal(first.test, dataset.test)
    assert len(other.split(7).train) == 20


@every_dataset
def test_a_config_spells_out_every_argument_and_the_loaders_default(path: Path) -> None:
    config = OmegaConf.to_container(OmegaConf.load(path))
    assert isinstance(config, dict)
    parameters = inspect.signature(get_method(config.pop("_target_"))).parameters
    assert config == {name: parameter.default for name, parameter in parameters.items()}
    assert {"val_fraction", "test_fraction", "limit"} <= parameters.keys()
    assert "label_noise" in parameters or loaded(path).task == "token_classification"


@pytest.mark.parametrize(
    "path", sorted(set(FOLDER.glob("*.yaml")) - {*EMBEDDED, FOLDER / "own.yaml"}), ids=lambda path: path.stem
)
def test_a_config_of_a_file_spells_out_every_argument_in_the_loaders_order(path: Path) -> None:
    config = OmegaConf.to_container(OmegaConf.load(path))
    assert isinstance(config, dict)
    assert list(config)[1:] == list(inspect.signature(get_method(config["_target_"])).parameters)


@every_dataset
def test_a_wrong_setting_is_refused_by_a_message_that_names_its_key(path: Path) -> None:
    loader = get_method(OmegaConf.load(path)._target_)
    known = inspect.signature(loader).parameters
    wrong = {"limit": 0, "label_noise": -1, "val_fraction": 1, "test_fraction": float("nan")}
    for key, value in ((key, value) for key, value in wrong.items() if key in known):
        with pytest.raises(UserError, match=f"dataset.{key}={value}: must be"):
            made("dataset", loader, **{key: value})


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"classes": 1}, "dataset.classes=1: must be a whole number of at least 2"),
        ({"examples": 7}, "dataset.examples=7: must be at least 8"),
        ({"features": 0}, "dataset.features=0: must be a whole number of at least 1"),
        ({"informative": 21}, "dataset.informative=21: must be at most 20"),
        ({"informative": 2}, "dataset.classes=4: must be at most 2 with dataset.informative=2"),
        ({"class_sep": float("nan")}, "dataset.class_sep=nan: must be a finite number of at least 0"),
        ({"data_seed": -1}, "dataset.data_seed=-1: must be a whole number of at least 0"),
        ({"examples": 8}, "dataset.test_fraction=0.2: is 2 of 8 examples; both parts must have at least 4"),
    ],
)
def test_synthetic_refuses_impossible_knobs(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        made("dataset", synthetic, **knobs)


def test_synthetic_has_what_was_asked_for() -> None:
    dataset = synthetic(examples=300, features=7, informative=3, classes=3, data_seed=5)
    assert dataset.inputs.shape == (300, 7)
    assert dataset.outputs == 3
    assert not torch.equal(dataset.inputs, synthetic(examples=300, features=7, informative=3, classes=3).inputs)


def test_diabetes_is_raw() -> None:
    """Scikit-learn's default form is scaled by all patients, the test set's too."""
    assert diabetes().inputs[0, 0] == 59  # years
