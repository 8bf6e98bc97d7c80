"""The contract of every method of conf/dropout/: a new file is tested as soon as it is there."""

from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from torch import Tensor
from torch.func import vmap

from dropout_lab.dropout.standard import Standard
from dropout_lab.instantiate import instantiate
from dropout_lab.noise import Noise
from dropout_lab.sites import AbstractDropout, Site

CONF = Path(__file__).resolve().parents[1] / "conf" / "dropout"
METHODS = sorted(path.stem for path in CONF.glob("*.yaml"))
RATES = [0.1, 0.5, 0.9]


def make(name: str) -> AbstractDropout:
    section: Any = OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"))
    method: AbstractDropout = instantiate("dropout", section)
    return method


def noise(a: int = 1, b: int = 2) -> Noise:
    return Noise(torch.tensor([a, b], dtype=torch.int32))


def rate(value: float) -> Tensor:
    return torch.tensor(value)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("shape", [(4, 6), (4, 3, 5, 5)])
def test_rate_0_is_the_identity_to_the_bit(name: str, shape: tuple[int, ...]) -> None:
    x = torch.randn(shape)
    assert torch.equal(make(name).train(x, rate(0.0), noise()), x)
    assert torch.equal(make(name).evaluate(x, rate(0.0)), x)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("p", RATES)
def test_the_mean_is_kept(name: str, p: float) -> None:
    x = torch.full((1000, 1000), 2.0)
    y = make(name).train(x, rate(p), noise())
    assert y.shape == x.shape
    assert y.dtype == x.dtype
    assert abs((y - x).mean().item()) < 4 * y.std().item() / 1000


@pytest.mark.parametrize("name", METHODS)
def test_equal_keys_are_equal_masks_and_others_others(name: str) -> None:
    x, method = torch.randn(64, 64), make(name)
    first = method.train(x, rate(0.5), noise())
    assert torch.equal(first, method.train(x, rate(0.5), noise()))
    assert not torch.equal(first, method.train(x, rate(0.5), noise(1, 3)))
    assert not torch.equal(first, method.train(x, rate(0.5), noise(2, 2)))


@pytest.mark.parametrize("name", METHODS)
def test_lanes_of_different_rates_are_what_they_are_alone(name: str) -> None:
    method, x = make(name), torch.randn(3, 8, 5)
    rates, keys = torch.tensor([0.0, 0.3, 0.8]), torch.tensor([[1, 2], [3, 4], [5, 6]], dtype=torch.int32)
    together = vmap(lambda x, p, key: method.train(x, p, Noise(key)))(x, rates, keys)
    for lane in range(3):
        assert torch.equal(together[lane], method.train(x[lane], rates[lane], Noise(keys[lane])))


@pytest.mark.parametrize("p", RATES)
def test_standard_multiplies_by_0_or_by_one_over_keep(p: float) -> None:
    multiplier = Standard().train(torch.ones(1000, 1000), rate(p), noise())
    assert multiplier.unique().tolist() == [0.0, pytest.approx(1 / (1 - p))]
    assert multiplier.var().item() == pytest.approx(p / (1 - p), rel=0.01)
    assert (multiplier == 0).float().mean().item() == pytest.approx(p, abs=0.002)


def test_standard_is_torchs_dropout_given_the_same_mask() -> None:
    x = torch.randn(50, 40, requires_grad=True)
    y = Standard().train(x, rate(0.3), noise())
    torch.testing.assert_close(y, torch.where(y != 0, x / 0.7, torch.zeros(())))
    y.sum().backward()
    assert x.grad is not None
    # The gradient into a dropped unit is exactly 0.
    assert torch.equal(x.grad == 0, y == 0)


def test_standard_evaluates_as_the_identity() -> None:
    x = torch.randn(4, 4)
    assert torch.equal(Standard().evaluate(x, rate(0.7)), x)


def test_a_site_without_a_method_is_the_identity_and_one_with_it_drops_in_training_alone() -> None:
    site, x = Site("input"), torch.randn(20, 20)
    assert torch.equal(site(x), x)
    site.dropout, site.rate = Standard(), rate(0.5)
    assert (site(x) == 0).any()
    assert torch.equal(site.eval()(x), x)
