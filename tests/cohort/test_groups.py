"""Groups of parameters with numbers of their own, and frozen ones, beside torch's."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from dropout_lab.build.parameters import freeze
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.optim import AbstractOptimizer
from dropout_lab.cohort.recipe import Recipe, Structure
from dropout_lab.config.lr_schedule import Cosine
from dropout_lab.dropout.concrete import Concrete
from dropout_lab.models.mlp import MLP
from tests.cohort.plain import Plain
from tests.cohort.runs import MODELS, OPTIMIZERS, outcome, recipe, structure, train
from tests.matrix import matrix

CPU = torch.device("cpu")
HEAD = {"mlp": "layers.3", "mlp_batch_norm": "layers.7", "cnn": "layers.8", "transformer": "output"}


def grouped(optimizer: AbstractOptimizer, head: str, factor: float) -> AbstractOptimizer:
    """With a group for the weights of the head, and one for the other biases."""
    groups = {f"{head}.*weight": {"lr": factor * optimizer.lr, "weight_decay": 0.1}, "*bias": {"weight_decay": 0.0}}
    return replace(optimizer, groups=groups)


def runs(model: str, optimizer: str) -> list[Recipe]:
    """Runs whose groups have other numbers."""
    made = [recipe(n, optimizer, rates={}, epochs=2, lr_schedule=Cosine(final=0.1), max_norm=0.8) for n in range(3)]
    return [
        replace(run, optimizer=grouped(run.optimizer, HEAD[model], 0.2 + number)) for number, run in enumerate(made)
    ]


def made_for(model: str, optimizer: str, frozen: Sequence[str] = ()) -> Structure:
    made = structure(model, optimizer, build=lambda: freeze(MODELS[model](), frozen), max_norm=True, dropout={})
    return replace(made, optimizer=grouped(OPTIMIZERS[optimizer], HEAD[model], 0.0))


def torchs_groups(run: Recipe, head: str) -> Any:
    own = run.optimizer.groups

    def of(model: nn.Module) -> Sequence[Mapping[str, Any]]:
        trained = {name: param for name, param in model.named_parameters() if param.requires_grad}
        weights = {name: p for name, p in trained.items() if name.startswith(head) and name.endswith("weight")}
        biases = {name: p for name, p in trained.items() if name.endswith("bias")}
        rest = [p for name, p in trained.items() if name not in weights.keys() | biases.keys()]
        return [
            {"params": rest},
            {"params": list(weights.values()), **own[f"{head}.*weight"]},
            {"params": list(biases.values()), **own["*bias"]},
        ]

    return of


@pytest.mark.parametrize(
    ("model", "optimizer", "frozen"),
    matrix(HEAD, ["sgd", "adam", "adamw", "rmsprop"], [(), ("layers.1", "layers.2", "project", "*norm*")]),
)
def test_groups_and_frozen_parameters_are_torchs(model: str, optimizer: str, frozen: Sequence[str]) -> None:
    made, given = made_for(model, optimizer, frozen), runs(model, optimizer)
    results = train(made, given, 3)
    for run in given:
        loop = Plain(made, run, torchs_groups(run, HEAD[model]))
        expected = [loop.epoch(number) for number in range(run.epochs)]
        assert results[run.id].curves["val_loss"] == pytest.approx(expected, rel=2e-3)
    assert len({tuple(result.curves["val_loss"]) for result in results.values()}) == 3
    two = train(made, given[:0:-1], 2)
    assert all(outcome(result) == outcome(results[run]) for run, result in two.items())


def test_a_frozen_parameter_keeps_its_bits_under_decay_max_norm_and_average() -> None:
    frozen = ["layers.1", "*.bias"]
    made = structure(
        "mlp_batch_norm", "sgd", build=lambda: freeze(MODELS["mlp_batch_norm"](), frozen), max_norm=True, ema=True
    )
    lanes = Lanes(made, 2, CPU)
    for lane in range(2):
        lanes.load(lane, recipe(lane, "sgd", max_norm=0.01, ema=0.7))
    before = lanes.state.of_lane(0)
    lanes.train_epoch()
    lanes.train_epoch()
    after, raw = lanes.state.of_lane(0), lanes.state.changed["buffers"]
    model = MODELS["mlp_batch_norm"]()
    names = {name for name, _ in model.named_parameters() if name.startswith("layers.1.") or name.endswith(".bias")}
    assert len(names) >= 4
    for name in names:
        assert torch.equal(before[name], after[name])
        assert torch.equal(before[name], raw[name][0])
    moved = {name for name, _ in model.named_parameters()} - names
    assert moved
    assert not any(torch.equal(before[name], after[name]) for name in moved)


def test_what_the_author_froze_stays_frozen() -> None:
    def build() -> nn.Module:
        model = MODELS["mlp"]()
        model.get_parameter("layers.1.reader.layer.weight").requires_grad_(False)
        return freeze(model, ["layers.2"])

    lanes = Lanes(structure("mlp", "adamw", build=build), 2, CPU)
    lanes.load(0, recipe(0, "adamw"))
    before = lanes.state.of_lane(0)
    lanes.train_epoch()
    still = {name for name, value in lanes.state.of_lane(0).items() if torch.equal(value, before[name])}
    layers = {f"layers.2.reader.layer.{name}" for name in ("weight", "bias")}
    assert still == {"layers.1.reader.layer.weight", *layers}


def test_a_tied_parameter_is_frozen_and_grouped_by_any_of_its_names() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(64, 10)
            self.last = nn.Linear(64, 10, bias=False)
            self.last.weight = self.first.weight

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.first(x.flatten(1)) + self.last(x.flatten(1))
            return y

    model = freeze(Tied(), ["last"])
    assert {name for name, param in model.named_parameters() if param.requires_grad} == {"first.bias"}
    still = replace(OPTIMIZERS["sgd"], groups={"last": {"lr": 0.0, "weight_decay": 0.0}})
    lanes = Lanes(replace(structure(build=Tied, dropout={}), optimizer=still), 2, CPU)
    lanes.load(0, replace(recipe(0, "sgd", rates={}), optimizer=still))
    before = lanes.state.of_lane(0)
    lanes.train_epoch()
    after = lanes.state.of_lane(0)
    assert torch.equal(before["first.weight"], after["first.weight"])
    assert not torch.equal(before["first.bias"], after["first.bias"])


def test_what_a_method_learns_is_in_no_group() -> None:
    build = lambda: MLP(input_shape=(1, 8, 8), outputs=10, hidden=[12])  # noqa: E731
    dropout = {"hidden.0": Concrete(0.1, 1e-4, 1e-2, 50.0)}
    still = replace(OPTIMIZERS["sgd"], groups={"*": {"lr": 0.0}})
    lanes = Lanes(replace(structure(build=build, dropout=dropout), optimizer=still), 2, CPU)
    lanes.load(0, replace(recipe(0, "sgd", rates={"hidden.0": 0.3}), optimizer=still))
    before = lanes.state.of_lane(0)
    lanes.train_epoch()
    changed = {name for name, value in lanes.state.of_lane(0).items() if not torch.equal(value, before[name])}
    assert changed
    assert all(".learned." in name for name in changed)
