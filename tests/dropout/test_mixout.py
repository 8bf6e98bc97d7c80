"""Mixout against its paper's equation, its mean, and what it is at a rate of 0 and where nothing was learnt before."""

import math
from typing import cast

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from dropout_lab.models.activations import Activation
from dropout_lab.models.convolution import Conv2d
from dropout_lab.models.survey import site_infos
from dropout_lab.models.transformer import Transformer
from dropout_lab.sites.method import objection_to
from dropout_lab.sites.reader import Reader
from tests.dropout.test_every_dropout import make, noise, noises, rate


def remembering(layer: nn.Module) -> Reader:
    """A reader whose layer has changed since mixout remembered it."""
    reader = Reader(layer, Activation("tanh"))
    reader.remember(make("mixout").remembered(reader))
    with torch.no_grad():
        for param in layer.parameters():
            param.add_(torch.randn(param.shape))
    return reader


@pytest.mark.parametrize(("layer", "shape"), [(nn.Linear(6, 4), (6,)), (Conv2d(6, 4, 3, padding=1), (6, 5, 5))])
def test_it_is_the_papers_equation_with_one_mask_for_all_outputs_and_examples(
    layer: nn.Module, shape: tuple[int, ...]
) -> None:
    reader, x, p = remembering(layer), torch.randn(5, *shape), 0.3
    weight, before = cast(Tensor, layer.weight), reader.remembered.get_buffer("weight")
    keep = (noise().uniform((1, 6, *[1] * (weight.dim() - 2))) >= p).float()
    assert 0 < keep.mean() < 1
    mixed = ((1 - keep) * before + keep * weight - p * before) / (1 - p)
    expected = torch.tanh(functional_call(layer, {"weight": mixed}, (x,)))
    torch.testing.assert_close(make("mixout").train_reader(reader, x, rate(p), noise()), expected)
    assert torch.equal(make("mixout").train_reader(reader, x, rate(0.0), noise()), reader(x))
    assert torch.equal(make("mixout").evaluate_reader(reader, x, rate(p)), reader(x))


def test_its_weights_are_the_trained_ones_on_average() -> None:
    reader = remembering(nn.Linear(6, 4))
    reader.activation = nn.Identity()
    layer = cast(nn.Linear, reader.layer)
    method, x = make("mixout"), torch.eye(6)
    drawn = torch.stack([method.train_reader(reader, x, rate(0.3), stream) for stream in noises(4000)]).detach()
    error = (drawn.std(0) / math.sqrt(len(drawn))).max().item()
    torch.testing.assert_close(drawn.mean(0), layer(x).detach(), rtol=0, atol=4 * error)


def test_towards_0_it_drops_columns_of_the_inputs() -> None:
    reader, x = remembering(nn.Linear(6, 4)), torch.randn(5, 6)
    reader.remember({"weight": torch.zeros(4, 6)})
    columns = (noise().uniform((1, 6)) >= 0.5).float() / 0.5
    torch.testing.assert_close(make("mixout").train_reader(reader, x, rate(0.5), noise()), reader(x * columns))


def test_its_mask_is_one_for_all_steps_of_a_recurrent_layer() -> None:
    reader, h = remembering(nn.Linear(6, 4)), torch.randn(5, 6)
    first, _, last = make("mixout").train_steps(reader, rate(0.5), noise(), 3)
    assert torch.equal(first(h), last(h))
    assert not torch.equal(first(h), reader(h))


def test_it_acts_where_a_single_layer_reads() -> None:
    model = Transformer(input_shape=(1, 8, 8), outputs=3, width=8, heads=2, depth=1)
    found = site_infos(model, torch.zeros(1, 1, 8, 8))
    acting = [place.site for place in found if objection_to(make("mixout"), place) is None]
    assert acting == ["ffn_act.0", "output"]
