"""What adoption may not change, and what it refuses: each case was wrong once."""

import copy
import re
import warnings
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from dropout_lab.adoption.adopt import adopt
from dropout_lab.adoption.attention import can_be_sited, site_attention
from dropout_lab.adoption.functional import attend, softmax
from dropout_lab.adoption.recurrent import site_recurrent
from dropout_lab.build.builder import Builder
from dropout_lab.build.site_methods import ELEMENTWISE
from dropout_lab.core.errors import UserError
from dropout_lab.models.survey import site_infos
from dropout_lab.sites.site import sites

EXAMPLE = torch.randn(1, 1, 8, 8)


class Flat(nn.Module):
    """64 numbers, then what `middle` makes of 8 units, then the head."""

    def __init__(self, middle: nn.Module) -> None:
        super().__init__()
        self.fc, self.middle, self.head = nn.Linear(64, 8), middle, nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.middle(torch.tanh(self.fc(x.flatten(1)))))
        return y


def found(network: nn.Module, *insert: str) -> dict[str, tuple[str, float]]:
    infos = site_infos(adopt(network, EXAMPLE, insert).eval(), EXAMPLE)
    return {info.site: ("", 0.0) if info.own is None else (info.own.method, info.own.rate) for info in infos}


def test_a_query_that_may_see_no_key_gets_zeros_and_a_gradient_as_of_torch() -> None:
    q, k, v = (torch.randn(2, 3, 4, requires_grad=True) for _ in range(3))
    mask = torch.ones(3, 3, dtype=torch.bool).tril(-1)
    ours = attend(q, k, v, mask, drop=lambda weights: weights)
    theirs = F.scaled_dot_product_attention(q, k, v, mask)
    assert torch.allclose(ours, theirs, atol=1e-6)
    grads = [torch.autograd.grad(output.sum(), (q, k, v), retain_graph=True) for output in (ours, theirs)]
    for one, other in zip(*grads, strict=True):
        assert torch.allclose(one, other, atol=1e-5)
    assert torch.equal(softmax(torch.zeros(2, 2)), torch.full((2, 2), 0.5))


class StepsFirst(nn.Module):
    """torch's default: (steps, batch, features)."""

    def __init__(self) -> None:
        super().__init__()
        self.gru, self.drop, self.head = nn.GRU(8, 6), nn.Dropout(0.2), nn.Linear(6, 10)

    def forward(self, x: Tensor) -> Tensor:
        steps, _ = self.gru(x.squeeze(1).transpose(0, 1))
        y: Tensor = self.head(self.drop(steps).mean(0))
        return y


def test_where_the_examples_are_not_the_first_axis_it_is_known() -> None:
    (info,) = site_infos(adopt(StepsFirst(), EXAMPLE).eval(), EXAMPLE)
    assert not info.batch_first
    assert "standard" in ELEMENTWISE
    assert "rnn_variational" not in ELEMENTWISE
    assert all(info.batch_first for info in site_infos(adopt(Flat(nn.Dropout(0.5)), EXAMPLE).eval(), EXAMPLE))


class DropPath(nn.Module):
    """By its name stochastic depth, and in truth, by `kind`, something else."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind, self.drop_prob = kind, 0.4

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        shape = {"of the batch": (1,) * x.dim(), "of steps": (x.shape[0], 1)}.get(self.kind, (x.shape[0], 1))
        gates = torch.rand(shape) >= self.drop_prob
        return x * gates if self.kind == "unscaled" else x * gates / (1 - self.drop_prob)


@pytest.mark.parametrize(("kind", "sites"), [("per example", {"middle": ("stochastic_depth", 0.4)}), ("unscaled", {}),
                                             ("of the batch", {})])  # fmt: skip
def test_a_name_alone_makes_no_stochastic_depth(kind: str, sites: dict[str, Any]) -> None:
    assert found(Flat(DropPath(kind))) == sites


class Locked(nn.Module):
    """One mask for all examples."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.empty_like(x[:1]).bernoulli_(0.6) / 0.6 if self.training else x


def test_a_mask_that_examples_share_is_no_standard_dropout() -> None:
    assert found(Flat(Locked())) == {}


class Functional(nn.Module):
    def __init__(self, training: bool | None) -> None:
        super().__init__()
        self.asked = training

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, 0.5, self.training if self.asked is None else self.asked)


def test_a_functional_dropout_that_is_off_has_the_rate_0() -> None:
    assert found(Flat(Functional(None))) == {"middle": ("standard", 0.5)}
    assert found(Flat(Functional(False))) == {"middle": ("standard", 0.0)}


class Kept(nn.Sequential):
    """A part that stays in evaluation mode."""

    def train(self, mode: bool = True) -> "Kept":
        super().train(False)
        return self


def test_a_dropout_in_a_part_in_evaluation_mode_has_the_rate_0() -> None:
    assert found(Flat(Kept(nn.Dropout(0.5)))) == {"middle.0": ("standard", 0.0)}


class Residual(nn.Module):
    """Its sum reads what the dropout has changed in place."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5, inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = x * 1.0
        out: Tensor = y + self.drop(y)
        return out


def test_an_input_that_is_changed_in_place_and_read_again_is_refused() -> None:
    with pytest.raises(UserError, match=r"middle\.drop: a dropout changes its input in place, and its input is read"):
        adopt(Flat(Residual()), EXAMPLE)


class Children(nn.Module):
    """It calls all its children in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Tanh()

    def forward(self, x: Tensor) -> Tensor:
        for child in self.children():
            x = child(x)
        return F.dropout(x, 0.3, self.training)


def test_a_forward_that_calls_all_children_calls_those_of_the_author() -> None:
    infos = site_infos(adopt(Flat(Children()), EXAMPLE, ["middle", "middle.a"]).eval(), EXAMPLE)
    assert [(info.site, info.calls) for info in infos] == [("middle.a", 1), ("middle.forward", 1), ("middle", 1)]


def test_a_hook_of_the_authors_stays() -> None:
    drop = nn.Dropout(0.5)
    drop.register_forward_hook(lambda module, arguments, output: output * 3)
    untouched = Flat(drop).eval()
    x = torch.randn(2, 1, 8, 8)
    with torch.no_grad():
        alone = untouched(x)
        assert torch.equal(adopt(untouched, EXAMPLE).eval()(x), alone)


class Shaped(nn.Module):
    """A dropout of torch at values of some number of dimensions."""

    def __init__(self, name: str, dimensions: int, is_module: bool) -> None:
        super().__init__()
        self.shape = (8, *[2] * (dimensions - 2))
        self.name, self.drop = name, getattr(nn, name)(0.25) if is_module else None

    def forward(self, x: Tensor) -> Tensor:
        y = x.reshape(-1, *[1] * (len(self.shape) - 1), 8).transpose(1, -1).expand(-1, *self.shape)
        y = getattr(F, self.name.lower())(y, 0.25, self.training) if self.drop is None else self.drop(input=y)
        out: Tensor = y.flatten(2).mean(2) if y.dim() > 2 else y
        return out


SHAPED = [("Dropout1d", 2, "examples"), ("Dropout1d", 3, "channels"), ("Dropout2d", 2, "units"),
          ("Dropout2d", 3, "channels"), ("Dropout2d", 4, "channels"), ("Dropout3d", 4, "examples"),
          ("Dropout3d", 5, "channels")]  # fmt: skip


@pytest.mark.filterwarnings("ignore:dropout")
@pytest.mark.parametrize(("name", "dimensions", "dropped"), SHAPED)
@pytest.mark.parametrize("is_module", [False, True])
def test_what_torch_drops_by_the_number_of_dimensions_is_what_is_dropped(
    name: str, dimensions: int, dropped: str, is_module: bool
) -> None:
    layer = Shaped(name, dimensions, is_module)
    theirs = getattr(F, name.lower())(torch.ones(64, *layer.shape), 0.25, True) == 0
    axes = [axis for axis in range(dimensions) if bool((theirs != theirs.narrow(axis, 0, 1)).any())]
    assert axes == {"examples": [0], "channels": [0, 1], "units": [0, 1]}[dropped]
    (own,) = found(Flat(layer)).values()
    assert own == ({"examples": "stochastic_depth", "channels": "spatial", "units": "standard"}[dropped], 0.25)


class OfTheAuthor(nn.Module):
    """A dropout by hand whose attributes have the names of some of ours."""

    name = "mine"

    def __init__(self) -> None:
        super().__init__()
        self.rate, self.kind = 0.25, 3.0

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.empty_like(x).bernoulli_(1 - self.rate) / (1 - self.rate) if self.training else x


class Asking(nn.Module):
    """It asks its dropouts for their attributes and their classes."""

    def __init__(self) -> None:
        super().__init__()
        self.drop, self.mine, self.none = nn.Dropout(0.5), OfTheAuthor(), nn.Dropout(0.3)
        self.attn = nn.MultiheadAttention(8, 2, dropout=0.2, batch_first=True)
        self.rnn = nn.GRU(8, 8, 2, dropout=0.4, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        for child in (self.drop, self.none):
            if isinstance(child, nn.Dropout) and type(child) is nn.Dropout:
                x = child(input=x) * (1 + child.p)
        x = self.mine(x) * (self.mine.rate + self.mine.kind) * len(self.mine.name)
        out: Tensor = x * self.attn.dropout * self.rnn.dropout
        return out


def test_what_forward_asks_of_a_dropout_is_what_the_author_made() -> None:
    untouched = Flat(Asking()).eval()
    x = torch.randn(2, 1, 8, 8)
    with torch.no_grad():
        alone = untouched(x)
        adopted = adopt(untouched, EXAMPLE)
        assert torch.equal(copy.deepcopy(adopted).eval()(x), alone)
    assert {*sites(adopted)} == {"middle.drop", "middle.mine", "middle.none", "middle.attn.attention", "middle.rnn.0"}


class Unused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.spare, self.dropout = nn.Linear(8, 8), nn.Dropout(0.2)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = F.dropout(self.dropout(x), 0.4, self.training)
        return y


def test_a_site_that_forward_never_meets_is_refused() -> None:
    with pytest.raises(UserError, match=re.escape("sites.insert=middle.spare: forward does not call this module")):
        adopt(Flat(Unused()), EXAMPLE, ["middle.spare"])


class Top(Unused):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.spare(x.flatten(1)[:, :8]))


def test_a_module_called_dropout_beside_a_functional_one_has_a_name_of_its_own() -> None:
    assert found(Top()) == {"dropout": ("standard", 0.2), "forward": ("standard", 0.4)}


ADDED = [{"add_bias_kv": True}, {"add_zero_attn": True}, {"add_bias_kv": True, "kdim": 6, "vdim": 5}]


@pytest.mark.parametrize("added", ADDED)
@pytest.mark.parametrize("kind", [torch.bool, torch.float32])
def test_attention_with_added_keys_is_that_of_torch(added: dict[str, Any], kind: torch.dtype) -> None:
    theirs = nn.MultiheadAttention(8, 2, dropout=0.3, batch_first=True, **added)
    ours = copy.deepcopy(theirs)
    assert can_be_sited(ours)
    site_attention(ours, "attention")
    query, key, value = torch.randn(2, 4, 8), torch.randn(2, 5, theirs.kdim), torch.randn(2, 5, theirs.vdim)
    hidden = torch.ones(4, 5, dtype=torch.bool).triu(2)
    mask = hidden if kind == torch.bool else torch.zeros(4, 5).masked_fill(hidden, -1e4)
    padding = torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
    if kind != torch.bool:
        padding = torch.zeros(2, 5).masked_fill(padding, float("-inf"))
    for model in (theirs, ours):
        model.eval()
    outputs = [one(query, key, value, key_padding_mask=padding, attn_mask=mask) for one in (theirs, ours)]
    for one, other in zip(*outputs, strict=True):
        assert torch.allclose(one, other, atol=1e-6)


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("is_both", [False, True])
def test_an_lstm_with_projections_is_that_of_torch(is_both: bool) -> None:
    theirs = nn.LSTM(5, 6, 2, dropout=0.3, proj_size=3, bidirectional=is_both)
    ours = copy.deepcopy(theirs)
    site_recurrent(ours, "lstm")
    x = torch.randn(4, 2, 5)
    count = 4 if is_both else 2
    for given in (None, (torch.randn(count, 2, 3), torch.randn(count, 2, 6))):
        outputs, (hidden, cell) = theirs.eval()(x, given)
        made, (last, memory) = ours.eval()(x, given)
        for one, other in ((outputs, made), (hidden, last), (cell, memory)):
            assert torch.allclose(one, other, atol=1e-6)


class Recomputed(nn.Module):
    """Parameters that torch trains under use_reentrant=False alone."""

    def __init__(self, reentrant: bool) -> None:
        super().__init__()
        self.fc, self.reentrant = nn.Linear(64, 10), reentrant

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = checkpoint(self.fc, x.flatten(1), use_reentrant=self.reentrant)
        return y


def test_a_checkpoint_that_trains_nothing_is_refused() -> None:
    data = {"_target_": "dropout_lab.datasets.digits.digits", "limit": 60}
    section = {"_target_": "tests.adoption.test_adopted.Recomputed", "reentrant": False}
    assert Builder().engine(section, data) == ("lanes", "")
    with pytest.raises(UserError, match=r"no argument that has a gradient, so torch trains no parameter in it"):
        Builder().engine({**section, "reentrant": True}, data)


class OldNorm(nn.Module):
    """A norm by hooks, as before parametrizations."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.fc, self.drop, self.head = nn.Linear(64, 8), nn.Dropout(0.2), nn.Linear(8, 10)
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            getattr(nn.utils, kind)(self.fc)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.drop(self.fc(x.flatten(1))))
        return y


@pytest.mark.parametrize(("kind", "engine"), [("weight_norm", "lanes"), ("spectral_norm", "loop")])
def test_norms_by_hooks_are_adopted(kind: str, engine: str) -> None:
    section, data = {"_target_": "tests.adoption.test_adopted.OldNorm", "kind": kind}, {"limit": 60}
    data = {"_target_": "dropout_lab.datasets.digits.digits", **data}  # type: ignore[dict-item]
    assert Builder().engine(section, data)[0] == engine
    torch.manual_seed(0)
    untouched = OldNorm(kind).eval()
    x = torch.randn(2, 1, 8, 8)
    with torch.no_grad():
        alone = untouched(x)
        assert torch.allclose(adopt(untouched, EXAMPLE).eval()(x), alone, atol=1e-6)
