"""A trained network in its author's class: what it answers there, and what its user must know of the data."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from dropout_lab.build.builder import Builder
from dropout_lab.build.exported import exported
from dropout_lab.cohort import loop
from dropout_lab.cohort.optim import SGD
from dropout_lab.cohort.recipe import Recipe, Result, RunList
from dropout_lab.cohort.width import Widths
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import Config
from dropout_lab.datasets.all_data import all_data
from dropout_lab.datasets.copy import copy
from dropout_lab.datasets.diabetes import diabetes
from dropout_lab.datasets.digits import digits
from dropout_lab.datasets.synthetic import synthetic
from dropout_lab.datasets.text import text
from dropout_lab.models import mlp as models

MLP = {"_target_": "dropout_lab.models.mlp.MLP", "hidden": [12]}
DIGITS = {"_target_": "dropout_lab.datasets.digits.digits", "limit": 60}
DIABETES = {"_target_": "dropout_lab.datasets.diabetes.diabetes"}


def spec_of(model: Config, dataset: Config, method: str) -> Config:
    module, name = method.rpartition(".")[0], method.rpartition(".")[2]
    return {
        **{"model": model, "dataset": dataset, "batch_size": 20, "pretraining": None, "options": []},
        **{"precision": "float32", "gap_examples": None, "mc_samples": None},
        "dropout": {"hidden.0": {"_target_": f"dropout_lab.dropout.{module}.{name}"}},
        "optimizer": {"_target_": "dropout_lab.cohort.optim.SGD"},
        "loss": {"_target_": "dropout_lab.cohort.loss.Plain"},
    }


def trained(builder: Builder, spec: Config) -> Result:
    one = Recipe("0", 0, {"hidden.0": 0.5}, lambda progress: 1.0, SGD(lr=0.05), 3, None, keep="best")
    queue = RunList([one])
    loop.train(builder.structure(spec), Widths.fixed(2), "never", queue, torch.device("cpu"))
    return queue.results["0"]


@pytest.mark.parametrize(("dataset", "task"), [(DIGITS, "digits"), (DIABETES, "diabetes")])
def test_a_method_that_only_trains_leaves_the_class_as_it_was_measured(dataset: Config, task: str) -> None:
    builder, spec = Builder(), spec_of(MLP, dataset, "standard.Standard")
    result = trained(builder, spec)
    assert result.network is not None
    found = exported(builder, spec, 0, result.network)
    assert found.test_loss == pytest.approx(result.test_loss, rel=1e-4)
    notes = {name: json.loads(value) for name, value in found.notes.items()}
    if task == "diabetes":
        targets = diabetes().targets[diabetes().split(0).train].double()
        assert notes["target_mean"] == pytest.approx(targets.mean().item())
        assert notes["target_std"] == pytest.approx(targets.std(correction=0).item())
    else:
        assert torch.equal(torch.tensor(notes["input_mean"]), digits(limit=60).split(0).mean)


def test_a_method_that_acts_in_evaluation_too_is_found_by_the_test_loss() -> None:
    builder, spec = Builder(), spec_of(MLP, DIGITS, "classic.Classic")
    result = trained(builder, spec)
    assert result.network is not None
    assert result.test_loss is not None
    found = exported(builder, spec, 0, result.network)
    assert found.test_loss is not None
    assert abs(found.test_loss - result.test_loss) > 2e-3 * result.test_loss


@pytest.mark.parametrize("more", [{}, {"all_data": True}])
def test_a_pretrained_network_answers_the_other_classes_as_its_notes_say(more: Config) -> None:
    builder, whole = Builder(), digits()
    first = {"pretrain_epochs": 2, "pretrain_classes": [0, 1, 2, 3]}
    data = {"_target_": "dropout_lab.datasets.digits.digits"}
    spec = {**spec_of(MLP, data, "standard.Standard"), "pretraining": first, **more}
    result = trained(builder, spec)
    assert result.network is not None
    found = exported(builder, spec, 0, result.network)
    assert found.test_loss == pytest.approx(result.test_loss, rel=1e-4)
    notes = {name: json.loads(value) for name, value in found.notes.items()}
    assert notes["classes"] == ["4", "5", "6", "7", "8", "9"]
    rows = whole.test[whole.targets[whole.test] >= 4]
    x = (whole.inputs[rows] - torch.tensor(notes["input_mean"])) / torch.tensor(notes["input_std"])
    network = models.MLP(input_shape=(1, 8, 8), outputs=6, hidden=[12])
    network.load_state_dict(dict(result.network))
    loss = F.cross_entropy(network.eval()(x), whole.targets[rows] - 4)
    assert loss.item() == pytest.approx(result.test_loss, rel=1e-4)
    untaught = trained(builder, {**spec, "pretraining": {**first, "pretrain_epochs": 0}})
    assert untaught.test_loss != result.test_loss


def test_other_names_are_refused() -> None:
    with pytest.raises(UserError, match=r"models\.mlp\.MLP does not load the weights"):
        exported(Builder(), spec_of(MLP, DIGITS, "standard.Standard"), 0, {"other": torch.ones(2)})


DATA: dict[str, Any] = {
    "digits": digits(limit=60),
    "whole digits": digits(),
    "diabetes": diabetes(limit=50, label_noise=0.3),
    "copy": copy(),
    "synthetic": synthetic(),
}


@pytest.mark.parametrize("name", DATA)
def test_all_data_are_those_of_both_parts_and_no_test_example(name: str) -> None:
    data = DATA[name]
    for seed in range(2):
        before, after = data.split(seed), all_data(data).split(seed)
        assert sorted(after.train.tolist()) == sorted([*before.train.tolist(), *before.val.tolist()])
        assert not set(after.train.tolist()) & set(data.test.tolist())
        assert torch.equal(after.val, before.val)
        assert len(after.train_targets) == len(after.train)
        if before.known is None and data.standardize == "feature":
            assert torch.allclose(after.mean, data.inputs[after.train].mean(0), atol=1e-5)


def test_a_limited_training_part_stays_limited() -> None:
    data = digits(limit=60)
    assert len(all_data(data).split(0).train) == 60 + len(data.split(0).val)


def test_a_stream_is_read_in_its_order(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(" ".join(f"w{number % 17}" for number in range(900)))
    data = text(path=str(tmp_path / "a.txt"), length=10)
    assert data.is_stream
    rows, before = all_data(data).split(0).train, data.split(0)
    assert rows.tolist() == sorted([*before.train.tolist(), *before.val.tolist()])
    assert rows.tolist() != [*before.train.tolist(), *before.val.tolist()]
