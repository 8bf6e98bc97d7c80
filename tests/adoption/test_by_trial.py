"""A trial recognises hand-written dropout modules and rejects modules that do something else."""

import pytest
import torch
from torch import Tensor, nn

from dropout_lab.adoption import modules
from dropout_lab.adoption.by_trial import own_of
from tests.adoption.zoo import Dropper

X = torch.randn(2, 5, 4, 4)


class Changed(nn.Module):
    """What a dropout does not do, by `kind`."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, x: Tensor) -> Tensor:
        kept = torch.bernoulli(torch.full_like(x, 0.8))
        if self.kind == "in evaluation too":
            return x * kept / 0.8
        if not self.training:
            off = {"classic": 0.8 * x, "after a relu": torch.relu(x), "after a clamp": x.clamp(max=6)}
            return off.get(self.kind, x)
        made: dict[str, Tensor] = {
            "noise": x + torch.randn_like(x),
            "gaussian": x * (1 + torch.randn_like(x)),
            "classic": x * kept,
            "to another value": torch.where(kept == 1, x / 0.8, torch.ones(())),
            "never": x * (kept < 2),
            "after a relu": torch.relu(x) * kept / 0.8,
            "after a clamp": x.clamp(max=6) * kept / 0.8,
        }
        return made[self.kind]


@pytest.mark.parametrize(("axes", "method"), [(1, "stochastic_depth"), (2, "spatial"), (4, "standard")])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_method_and_rate_are_found(axes: int, method: str, rate: float) -> None:
    module = Dropper(rate, axes)
    found = own_of(module, (X,), X)
    assert found is not None
    assert found.method == method
    assert found.rate == pytest.approx(rate, abs=1e-5)
    assert module.training


CHANGED = ("noise", "gaussian", "classic", "to another value", "never", "in evaluation too", "after a relu",
           "after a clamp")  # fmt: skip


@pytest.mark.parametrize("kind", CHANGED)
def test_what_is_no_dropout_is_not_taken_for_one(kind: str) -> None:
    assert own_of(Changed(kind), (X,), X) is None


class Scaled(nn.Module):
    """A parameter, the identity as long as it is untrained, and a dropout by hand."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.by, self.start, self.drop_prob = nn.Parameter(torch.full((5, 4, 4), start)), start, 0.0

    def forward(self, x: Tensor) -> Tensor:
        y = x + self.by * torch.tanh(x) if self.start == 0 else x * self.by
        return y * torch.bernoulli(torch.full_like(y, 0.8)) / 0.8 if self.training else y


@pytest.mark.parametrize("start", [0.0, 1.0])
def test_a_module_with_parameters_is_not_replaced(start: float) -> None:
    assert own_of(Scaled(start), (X,), X) is None


class DropPath(nn.Module):
    """By its name stochastic depth, of the rate 0, and in truth a rectifier."""

    drop_prob = 0.0

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x)


def test_a_name_and_a_rate_of_0_are_tried_too() -> None:
    assert modules.own_of(DropPath()) is None


def test_a_trial_leaves_the_random_state_as_it_was() -> None:
    before = torch.get_rng_state()
    own_of(Dropper(0.5, 4), (X,), X)
    assert torch.equal(before, torch.get_rng_state())
