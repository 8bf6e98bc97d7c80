"""Which parameters max_norm and l1 act on: the weights by which units read, and no others."""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from dropout_lab.build.builder import Builder
from dropout_lab.build.cohort_trainer import CohortTrainer
from dropout_lab.cohort.stack import Layout
from dropout_lab.models.rnn import RNN
from dropout_lab.models.transformer import Transformer


def acted_on(model: nn.Module) -> set[str]:
    layout = Layout(model)
    params = dict(model.named_parameters())
    marked = layout.unflatten(layout.weights(torch.device("cpu")))
    names = {name for name in params if layout.lengths(name, params[name]) is not None}
    assert names == {name for name, ones in marked.items() if bool(ones.all())}  # l1's are max_norm's
    assert names == {name for name, ones in marked.items() if bool(ones.any())}
    return names


def test_tables_of_embeddings_and_positions_are_none() -> None:
    texts = Transformer(input_shape=(5,), outputs=3, vocabulary=11, width=8, heads=2, depth=1)
    others = {name for name, param in texts.named_parameters() if param.dim() > 1} - acted_on(texts)
    assert others == {"position", "steps.lookup.reader.layer.weight"}
    recurrent = RNN(input_shape=(5,), outputs=3, vocabulary=11, width=8)
    others = {name for name, param in recurrent.named_parameters() if param.dim() > 1} - acted_on(recurrent)
    assert others == {"steps.lookup.reader.layer.weight"}
    images = Transformer(input_shape=(1, 8, 8), outputs=3, width=8, heads=2, depth=1)
    assert {name for name, param in images.named_parameters() if param.dim() > 1} - acted_on(images) == {"position"}


class Mixed(nn.Module):
    """What a user's network may have."""

    def __init__(self) -> None:
        super().__init__()
        self.relative_position_bias_table = nn.Parameter(torch.randn(9, 2))
        self.table = nn.Embedding(7, 6)
        self.conv = nn.Conv2d(4, 6, 3, groups=2)
        self.back = nn.ConvTranspose2d(4, 6, 3, groups=2)
        self.up = nn.ConvTranspose1d(3, 5, 2)
        self.recurrent = nn.LSTM(3, 2)
        self.attention = nn.MultiheadAttention(6, 2)
        self.scale = nn.LayerNorm([3, 4])
        self.channels = nn.GroupNorm(2, 4)
        self.out = nn.Linear(6, 7)


def test_of_a_users_layers_those_that_they_call_weights() -> None:
    attention = {"attention.in_proj_weight", "attention.out_proj.weight"}
    recurrent = {"recurrent.weight_ih_l0", "recurrent.weight_hh_l0"}
    assert acted_on(Mixed()) == {"conv.weight", "back.weight", "up.weight", "out.weight", *attention, *recurrent}


class Kernels(nn.Module):
    """Products with raw parameters, one under a parametrization, and tables that have `weight` in their names."""

    def __init__(self, input_shape: object, outputs: int) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(64, outputs))
        self.pos_weight = nn.Parameter(torch.randn(3, 2))
        self.gain = nn.Parameter(torch.ones(outputs))
        self.fixed = nn.Parameter(torch.randn(2, 2), requires_grad=False)
        self.table = nn.Embedding(7, 6)
        self.parametrized = nn.utils.parametrizations.weight_norm(nn.Linear(outputs, outputs))
        self.out = nn.Linear(outputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.out(self.parametrized(x.flatten(1) @ self.kernel))
        return y


LEFT_OUT = ["kernel", "pos_weight", *(f"parametrized.parametrizations.weight.original{n}" for n in (0, 1))]


def test_what_only_has_weight_in_its_name_is_none() -> None:
    model = Kernels((1, 8, 8), 10)
    assert acted_on(model) == {"out.weight"}
    assert Layout(model).left_out == LEFT_OUT


def test_it_is_warned_of_what_they_leave_out_of_a_users_network() -> None:
    spec = {
        "model": {"_target_": f"{__name__}.Kernels"},
        "dataset": {"_target_": "dropout_lab.datasets.digits.digits"},
        "options": ["clip_norm"],
    }
    trainer = CohortTrainer(Builder())
    assert not trainer.structure_warnings(spec)
    (warning,) = trainer.structure_warnings({**spec, "options": ["l1", "max_norm"]})
    assert warning.startswith("trainer.max_norm and trainer.l1 act on parameters that layers call `weight`")
    assert f": {', '.join(LEFT_OUT)};" in warning
    ours = {"_target_": "dropout_lab.models.transformer.Transformer", "width": 8, "heads": 2, "depth": 1}
    assert not trainer.structure_warnings({**spec, "model": ours, "options": ["l1"]})


def test_a_table_that_is_a_heads_weights_too_is_one_of_weights() -> None:
    model = Mixed()
    model.out.weight = model.table.weight
    assert "table.weight" in acted_on(model)


READS: Mapping[str, tuple[int, ...]] = {"conv": (1, 4, 3, 3), "back": (1, 4, 1, 1), "up": (1, 3, 1), "out": (1, 6)}


@pytest.mark.parametrize("name", READS)
def test_a_units_length_is_that_of_the_gradient_by_what_it_reads(name: str) -> None:
    """Independent of how a layer's weights lie: d(unit)/d(its inputs), over all places that its kernel reaches."""
    model = Mixed()
    layer = model.get_submodule(name)
    weight: Tensor = layer.get_parameter("weight")
    lengths = Layout(model).lengths(f"{name}.weight", weight)
    assert lengths is not None
    x = torch.zeros(READS[name], requires_grad=True)
    y = layer(x).flatten(2) if x.dim() > 2 else layer(x).unsqueeze(2)
    squares = torch.zeros(y.shape[1])
    for channel in range(y.shape[1]):
        for place in range(y.shape[2]):  # of a transposed convolution, each place is reached by other weights
            (grad,) = torch.autograd.grad(y[0, channel, place], x, retain_graph=True)
            squares[channel] += grad.square().sum()
    found = lengths.expand_as(weight).detach()
    if name == "back":  # (in, out of the group, ...), in two groups
        found = found.unflatten(0, (2, -1))[:, 0].flatten(0, 1)
    elif name == "up":
        found = found[0]
    torch.testing.assert_close(found.flatten(1)[:, 0], squares.sqrt())
