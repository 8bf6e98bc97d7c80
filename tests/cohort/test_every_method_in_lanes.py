"""Every method of conf/dropout/ in models with a site for it: a lane is the run alone, compiled as eager."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from dropout_lab.cohort.compilation.build import Building
from dropout_lab.cohort.compilation.compiler import Compilable
from dropout_lab.cohort.recipe import Recipe, Structure
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.dropout.standard import Standard
from dropout_lab.models.cnn import CNN
from dropout_lab.models.mlp import MLP
from dropout_lab.models.resnet import ResNet
from dropout_lab.models.rnn import RNN
from dropout_lab.models.survey import site_infos
from dropout_lab.models.transformer import Transformer
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractDropout, objection_to
from tests.cohort import test_sequences as sequences
from tests.cohort import test_sequences_in_lanes as sequences_in_lanes
from tests.cohort.runs import DATASET, outcome, recipe, structure, train
from tests.dropout.test_every_dropout import EVERY, make

FEW_ROWS: Any = {"input_shape": (1, 2, 8), "outputs": 10}
"""Two steps: the first from zeros, the second from the first. A compiler takes longer with every further one."""
SELU: Any = {"input_shape": (1, 8, 8), "outputs": 10, "activation": "selu"}
MODELS: Mapping[str, Callable[[], nn.Module]] = {
    "mlp": lambda: MLP(**SELU, hidden=[6, 5, 5, 5]),
    "cnn": lambda: CNN(**SELU, channels=[4, 6], hidden=[6, 5]),
    "resnet": lambda: ResNet(**SELU, channels=[4, 6, 6], norm=None),
    "lstm": lambda: RNN(**FEW_ROWS, width=6),
    "gru": lambda: RNN(**FEW_ROWS, cell="gru", width=6, depth=2),
    "transformer": lambda: Transformer(**SELU, width=8, heads=2, depth=1, ffn=12),
    "smallest": lambda: MLP(**{**SELU, "activation": "relu"}, hidden=[6], site_order="before"),
    "before": lambda: CNN(**{**SELU, "activation": "relu"}, channels=[4, 6], hidden=[12], site_order="before"),
}


CHANGES: Mapping[str, dict[str, Any]] = {
    "dropconnect": {"inference": "mean"},
    "controlled": {"rate": 0.4},
    "adversarial_recurrent": {"delta": 0.5},
}


def dataset(model: str) -> Dataset:
    return replace(DATASET, inputs=DATASET.inputs[:, :, ::4]) if model in ("lstm", "gru") else DATASET


@cache
def surveyed(model: str) -> Sequence[SiteInfo]:
    return site_infos(MODELS[model](), dataset(model).example())  # meta tensors would load the compiler


@cache
def made(method: str) -> AbstractDropout:
    found: AbstractDropout = make(method, **CHANGES.get(method, {}))
    return found


def acting(model: str, method: str) -> list[str]:
    """The sites of a model at which a method can act."""
    return [place.site for place in surveyed(model) if objection_to(made(method), place) is None]


CASES = {
    method: [
        model
        for model in MODELS
        if acting(model, method) and (model not in ("before", "smallest") or method == "standout")
    ]
    for method in EVERY
}
"""The models that have a site for a method."""


def of(model: str, methods: Mapping[str, str]) -> Structure:
    """The structure of a model with these methods at these sites."""
    dropout = {site: make(method, **CHANGES.get(method, {})) for site, method in methods.items()}
    return structure(build=MODELS[model], dataset=dataset(model), dropout=dropout)


def runs(sites: list[str]) -> list[Recipe]:
    return [recipe(number, rates=dict.fromkeys(sites, 0.1 * number), epochs=1) for number in range(4)]


OF_TOKENS = {"embedding_word"}
"""See test_sequences.py."""


def test_every_method_meets_a_model() -> None:
    assert {method for method, models in CASES.items() if models} == set(EVERY) - OF_TOKENS


@pytest.mark.parametrize(
    ("method", "model"),
    [  # One model for each method, in turn; the next one is slow.
        pytest.param(method, models[(turn + place) % len(models)], marks=pytest.mark.slow if place else [])
        for turn, (method, models) in enumerate(CASES.items())
        for place in range(min(2, len(models)))
    ],
)
def test_a_lane_of_four_is_the_lane_of_two(method: str, model: str) -> None:
    sites = acting(model, method)
    made, recipes = of(model, dict.fromkeys(sites, method)), runs(sites)
    four, two = train(made, recipes, 4), train(made, [recipes[3], recipes[0]], 2)
    assert {result.status for result in four.values()} == {"complete"}
    assert all(outcome(result) == outcome(four[run]) for run, result in two.items())
    # The method does something, and differently at another rate.
    assert four["1"].curves["running_loss"] != four["0"].curves["running_loss"]


MIXED: Mapping[str, Mapping[str, str]] = {
    "smallest": {"input": "adversarial", "hidden.0": "standout"},
    "mlp": {
        "input": "uout",
        "hidden.0": "controlled",
        "hidden.1": "variational_gaussian",
        "hidden.2": "concrete",
        "hidden.3": "sparse_vd",
    },
    "cnn": {
        "input": "maxdrop_feature",
        "conv.0": "max_pooling",
        "pool.0": "dropblock",
        "conv.1": "maxdrop_channel",
        "pool.1": "spatial",
        "hidden.0": "dropconnect",
        "hidden.1": "standard",
    },
    "resnet": {
        "input": "alpha",
        "conv.0": "feature_alpha",
        "residual.0": "stochastic_depth",
        "conv.1": "pattern",
        "residual.1": "classic",
        "conv.2": "stochastic_rate",
        "residual.2": "gaussian",
    },
    "gru": {
        "input": "rnn_naive",
        "output": "mixout",
        "recurrent.0": "rnn_semeniuta",
        "recurrent.1": "adversarial_recurrent",
    },
}
"""A method at every site. What runs through a network several times is in the smallest."""

IN_SENTENCES = {Standard, *map(type, sequences_in_lanes.METHODS.values())}
ELSEWHERE = {*sequences.METHODS.values(), *(name for name in EVERY if type(made(name)) in IN_SENTENCES)}
"""What those tests compile."""


def test_a_lane_that_samples_dropconnects_inference_is_the_lane_of_two() -> None:
    def build() -> nn.Module:
        return MLP(**{**SELU, "activation": "tanh"}, hidden=[12, 10])

    made = structure(build=build, dropout={"input": make("dropconnect", inference="sampling", samples=50)})
    recipes = runs(["input"])
    four, two = train(made, recipes, 4), train(made, recipes[::-1], 2)
    assert all(outcome(two[run.id]) == outcome(four[run.id]) for run in recipes)


def test_every_method_is_compiled_somewhere() -> None:
    found = {method for methods in MIXED.values() for method in methods.values()} | ELSEWHERE
    assert found == set(EVERY) - {"own"}  # which is any of the others, as the network's author wrote


@pytest.mark.slow
@pytest.mark.usefixtures("built_here")
@pytest.mark.parametrize(("model", "methods"), MIXED.items(), ids=list(MIXED))
def test_compiled_lanes_are_eager_lanes(
    model: str, methods: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, recipes = of(model, methods), runs(list(methods))
    give, built = Compilable.give, list[Path]()

    def counted(self: Compilable, building: Building) -> None:
        built.append(self._path)
        give(self, building)

    monkeypatch.setattr(Compilable, "give", counted)
    eager, compiled = train(made, recipes, 4), train(made, recipes, 4, compile="always")
    assert len(set(built)) == len(built) <= 2  # a step and an evaluation, at four rates
    again = [recipe(number, rates=dict.fromkeys(methods, 0.9 - 0.1 * number), epochs=1) for number in range(4)]
    monkeypatch.setattr(Compilable, "give", lambda self, building: pytest.fail("other rates, another program"))
    assert all(run.execution.compiled for run in train(made, again, 4, compile="always").values())
    for run in recipes:
        for metric in ("running_loss", "val_loss"):
            torch.testing.assert_close(
                torch.tensor(compiled[run.id].curves[metric]),
                torch.tensor(eager[run.id].curves[metric]),
                rtol=2e-4,
                atol=2e-5,
            )
