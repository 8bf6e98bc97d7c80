"""Masks that are drawn for an evaluation: each example has its own, whoever is evaluated beside it."""

from collections.abc import Callable
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from dropout_lab.cohort import parts as module
from dropout_lab.cohort import step
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.recipe import Structure
from dropout_lab.cohort.step import Program
from dropout_lab.datasets.digits import digits
from dropout_lab.dropout.dropconnect import DropConnect
from dropout_lab.dropout.mixout import Mixout
from dropout_lab.dropout.standard import Standard
from dropout_lab.models.mlp import MLP
from dropout_lab.models.rnn import RNN
from dropout_lab.sites.method import AbstractDropout
from dropout_lab.sites.reader import Reader
from tests.cohort.runs import recipe, structure

BUILDS: dict[str, Callable[[], nn.Module]] = {
    "mlp": lambda: MLP(input_shape=(1, 8, 8), outputs=10, hidden=[24]),
    "rnn": lambda: RNN(input_shape=(1, 8, 8), outputs=10, width=6),
}


def loaded(made: Structure) -> Lanes:
    lanes = Lanes(made, 2, torch.device("cpu"))
    for lane in range(2):
        lanes.load(lane, recipe(lane, rates={"input": 0.5, "output": 0.5, "hidden.0": 0.5}))
    lanes.keep_best([0, 1])
    lanes.state.best["rates"][:] = 0.5
    return lanes


@pytest.mark.parametrize("model", BUILDS)
def test_an_examples_masks_do_not_depend_on_the_chunks_of_the_part(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"mlp": ["input", "hidden.0"], "rnn": ["input", "output"]}[model]
    made = structure(build=BUILDS[model], dropout=dict.fromkeys(names, Standard()), mc_samples=2)
    whole = loaded(made)
    together = whole.predict(sample=1)
    monkeypatch.setattr(module, "EVALUATION_ROWS", 100)
    chunked = loaded(made)
    assert len(chunked.data.parts["test"].rows) > len(whole.data.parts["test"].rows)
    torch.testing.assert_close(chunked.predict(sample=1), together, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(chunked.predict(), whole.predict(), atol=1e-5, rtol=1e-5)


class Largest(TorchDispatchMode):
    """Notes the numbers in the largest tensor that is made."""

    numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        self.numbers = max([self.numbers, *(one.numel() for one in tree_leaves(made) if isinstance(one, Tensor))])
        return made


@pytest.mark.parametrize("method", [DropConnect("batch", "mean", 1), Mixout()])
def test_masks_of_weights_are_held_for_as_many_examples_as_there_is_room_for(
    method: AbstractDropout, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = structure(build=BUILDS["mlp"], dropout={"input": method}, mc_samples=2)
    together = loaded(made).predict(sample=1)
    weights = sum(param.numel() for param in BUILDS["mlp"]().parameters())
    monkeypatch.setattr(step, "WEIGHTS_AT_ONCE", 5 * weights)
    chunked = loaded(made)
    rows = chunked.data.parts["test"].rows.shape[-1]
    with Largest() as largest:
        answers = chunked.predict(sample=1)
    torch.testing.assert_close(answers, together, atol=1e-5, rtol=1e-5)
    inputs = 2 * rows * 64
    assert largest.numbers <= max(2 * 5 * weights, inputs)


def test_masks_of_values_are_drawn_for_all_examples_together() -> None:
    assert Program(structure(build=BUILDS["mlp"], dropout={"input": Standard()}))._masked_at_once is None


def test_examples_that_are_alike_have_masks_that_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    data = digits(limit=96)
    data.inputs[data.test] = data.inputs[data.test[0]].clone()
    monkeypatch.setattr(module, "EVALUATION_ROWS", 100)
    lanes = loaded(structure(build=BUILDS["mlp"], dataset=data, dropout={"input": Standard()}, mc_samples=2))
    answers = lanes.predict(sample=0)
    assert len(answers[0].unique(dim=0)) == len(answers[0])


class Same(nn.Module):
    """No activation, though not `nn.Identity`, behind which nothing is sampled."""

    def forward(self, x: Tensor) -> Tensor:
        return x


class Square(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.square()


@pytest.mark.parametrize("samples", [1, 20, 5000])
def test_what_dropconnect_samples_is_normal_at_every_unit(samples: int) -> None:
    """The mean of m + s e over samples e, and of its square, give the first two moments of e, unit by unit."""
    method, layer, p = DropConnect("example", "sampling", samples), nn.Linear(30, 200), 0.5
    x, rate = torch.randn(1, 30) * 3, torch.tensor(p)
    with torch.no_grad():
        mean = cast(Tensor, (1 - p) * layer(x)).double()
        variance = p * (1 - p) * (x.square() @ layer.weight.square().t() + layer.bias.square()).double()
        first, second = (
            method.evaluate_reader(Reader(layer, activation), x, rate).double() for activation in (Same(), Square())
        )
    of_e = (first - mean) / variance.sqrt()
    of_e_squared = (second - mean.square() - 2 * mean * variance.sqrt() * of_e) / variance
    bound = 4.5  # standard errors: of 200 units one is beyond in one of 700 tests
    assert (of_e.abs() * samples**0.5).max() < bound
    assert of_e.mean().abs() * (200 * samples) ** 0.5 < bound
    if samples > 1000:
        assert ((of_e_squared - 1).abs() * (samples / 2) ** 0.5).max() < bound
