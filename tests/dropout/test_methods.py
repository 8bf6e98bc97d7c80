"""What is particular to a method of dropout: its mask, its scale, its moments, as its paper has them."""

import itertools
import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor, nn
from torch.func import vmap

from dropout_lab.core.errors import UserError
from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout.pattern import _covered
from dropout_lab.models.activations import Activation, ActivationName
from dropout_lab.models.cnn import CNN
from dropout_lab.models.layers import BatchNorm, chain
from dropout_lab.models.mlp import MLP
from dropout_lab.models.resnet import ResNet
from dropout_lab.models.survey import site_infos
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import objection_to
from dropout_lab.sites.reader import Reader
from dropout_lab.sites.site import Site, install, sites
from tests.dropout.test_every_dropout import make, noise, noises, rate
from tests.matrix import matrix

IMAGES = (200, 16, 14, 14)


def dropped(x: Tensor) -> Tensor:
    return (x == 0).float()


def test_classic_shrinks_in_evaluation_instead() -> None:
    x = torch.ones(300, 1000)
    y = make("classic").train(x, rate(0.3), noise())
    assert y.unique().tolist() == [0, 1]
    assert y.mean().item() == pytest.approx(0.7, abs=0.003)
    torch.testing.assert_close(make("classic").evaluate(x, rate(0.3)), 0.7 * x)


def test_gaussian_is_normal_and_uout_uniform() -> None:
    x, p = torch.ones(100_000, 1), 0.2
    sigma = math.sqrt(p / (1 - p))
    normal = make("gaussian").train(x, rate(p), noise()).flatten().numpy()
    assert stats.kstest(normal, "norm", args=(1, sigma)).pvalue > 0.01
    uniform = make("uout").train(x, rate(p), noise()).flatten().numpy()
    half = math.sqrt(3) * sigma
    assert stats.kstest(uniform, "uniform", args=(1 - half, 2 * half)).pvalue > 0.01


@pytest.mark.parametrize(("name", "torchs"), [("spatial", nn.Dropout2d), ("feature_alpha", nn.FeatureAlphaDropout)])
def test_channels_go_whole_and_as_often_as_torchs(name: str, torchs: type[nn.Module]) -> None:
    x = torch.randn(500, 40, 3, 3)
    ours, theirs = make(name).train(x, rate(0.3), noise()), torchs(0.3)(x)
    for y in (ours, theirs):
        changes = (y / x).flatten(2)
        whole = y.flatten(2).std(2) == 0  # a channel that is one value throughout
        assert whole.float().mean().item() == pytest.approx(0.3, abs=0.015)
        kept = changes[~whole] if name == "spatial" else None
        if kept is not None:
            torch.testing.assert_close(kept, torch.full_like(kept, 1 / 0.7))
    assert ours.unique().numel() > 1000
    lowest = [y.flatten(2)[y.flatten(2).std(2) == 0].mean().item() for y in (ours, theirs)]
    assert lowest[0] == pytest.approx(lowest[1], abs=1e-5)


@pytest.mark.parametrize("p", [0.05, 0.2, 0.5])
def test_alpha_keeps_mean_0_and_variance_1_as_torchs_does(p: float) -> None:
    x = torch.randn(1000, 600)
    ours, theirs = make("alpha").train(x, rate(p), noise()), nn.AlphaDropout(p)(x)
    for y in (ours, theirs):
        assert y.mean().item() == pytest.approx(0, abs=0.005)
        assert y.var().item() == pytest.approx(1, abs=0.01)
    torch.testing.assert_close(ours.quantile(0.5, dim=0).mean(), theirs.quantile(0.5, dim=0).mean(), atol=0.01, rtol=0)


def refused(method: Any, model: nn.Module) -> list[str]:
    found = site_infos(model, torch.zeros(1, 1, 8, 8))
    return [place.site for place in found if objection_to(method, place) is not None]


SHAPE: Any = {"input_shape": (1, 8, 8), "outputs": 10}


@pytest.mark.parametrize(
    ("model", "sites"),
    [
        (MLP(**SHAPE, activation="relu"), ["hidden.0", "hidden.1"]),
        (MLP(**SHAPE, activation="selu"), []),
        (MLP(**SHAPE, activation="selu", norm="batch", norm_order="after"), []),
        (MLP(**SHAPE, activation="relu", site_order="before"), ["hidden.0", "hidden.1"]),
        (MLP(**SHAPE, activation="selu", site_order="before"), ["hidden.0", "hidden.1"]),
        (CNN(**SHAPE, activation="selu"), ["pool.0", "pool.1"]),
        (CNN(**SHAPE, activation="selu", hidden=[]), ["pool.0", "pool.1", "head"]),
        (ResNet(**SHAPE, activation="selu"), ["residual.0", "residual.1", "head"]),
        (ResNet(**SHAPE, activation="selu", norm=None), ["residual.0", "residual.1", "head"]),
    ],
)
def test_alpha_acts_on_what_selu_gives_and_on_the_input_alone(model: nn.Module, sites: list[str]) -> None:
    assert refused(make("alpha"), model) == sites
    said = make("alpha").objection(SiteInfo("pool.0", (8, 2, 2), None, source=nn.MaxPool2d))
    assert "MaxPool2d" in said and "model.activation=selu" in said  # noqa: PT018


def advised(method: Any, model: nn.Module, p: float = 0.2) -> dict[str, str]:
    everywhere = site_infos(model, torch.zeros(1, 1, 8, 8))
    found = [place for place in everywhere if objection_to(method, place) is None]
    return {place.site: said for place in found if (said := method.advice(place, p)) is not None}


def test_what_is_unwise() -> None:
    cnn = CNN(**SHAPE)
    assert advised(make("standard"), MLP(**SHAPE)) == {}
    assert list(advised(make("standard"), cnn)) == ["conv.0", "pool.0", "conv.1", "pool.1"]  # not the input
    assert all("dropout=spatial" in said for said in advised(make("classic"), cnn).values())
    assert list(advised(make("spatial"), cnn)) == ["input"]  # which is one channel
    assert list(advised(make("dropblock", block_size=5), ResNet(**SHAPE, norm=None))) == ["conv.1", "residual.1"]
    selu: Any = {**SHAPE, "activation": "selu"}
    assert list(advised(make("alpha"), MLP(**selu))) == []
    assert list(advised(make("alpha"), CNN(**selu, norm="batch"))) == []
    assert list(advised(make("alpha"), CNN(**selu))) == ["conv.0", "conv.1", "hidden.0"]
    both = advised(make("standard"), CNN(**SHAPE, norm="batch"))["conv.0"]
    assert "spatial" in both and "variance shift" in both  # noqa: PT018


@pytest.mark.parametrize(
    ("model", "directly", "behind_a_layer"),
    [
        (MLP(**SHAPE, norm="batch"), [], ["input", "hidden.0"]),
        (MLP(**SHAPE, norm="batch", norm_order="after"), ["hidden.0", "hidden.1"], ["input"]),
        (MLP(**SHAPE, norm="layer", norm_order="after"), [], []),
        (CNN(**SHAPE, norm="batch"), [], ["input", "conv.0", "pool.0", "conv.1", "pool.1"]),
        (ResNet(**SHAPE), [], ["input", "conv.0", "conv.1"]),
        (ResNet(**SHAPE, norm_order="after"), ["conv.0", "residual.0", "conv.1", "residual.1"], ["input"]),
    ],
)
def test_a_batch_norm_that_follows_is_found(model: nn.Module, directly: list[str], behind_a_layer: list[str]) -> None:
    found = advised(make("standard"), model)
    assert [site for site, said in found.items() if "follows directly" in said] == directly
    assert [site for site, said in found.items() if "follows the next layer" in said] == behind_a_layer


@pytest.mark.parametrize(("keep", "shift"), [(0.9, 0.860), (0.7, 0.614), (0.5, 0.405)])
def test_dropout_before_batch_norm_shifts_its_variance(keep: float, shift: float) -> None:
    """Li, Chen, Hu and Yang, CVPR 2019, equation 8: v / ((c^2 + v) / keep - c^2), here of ReLU of N(0, 1)."""
    x = torch.relu(torch.randn(200_000, 1, generator=torch.Generator().manual_seed(0)))
    for name in ("standard", "classic", "uout", "gaussian"):
        norm = BatchNorm(1, momentum=1.0)
        norm(make(name).train(x, rate(1 - keep), noise()))
        evaluated = make(name).evaluate(x, rate(1 - keep))
        assert evaluated.var().item() / norm.var.item() == pytest.approx(shift, rel=0.015)
        # So what it gives in evaluation does not have variance 1.
        assert norm.eval()(evaluated).var().item() == pytest.approx(shift, rel=0.015)
    alone = BatchNorm(1, momentum=1.0)
    alone(x)
    assert x.var().item() / alone.var.item() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("size", "p"), matrix([(14, 7), (14, 5), (28, 7), (8, 5), (7, 7)], [0.1, 0.2, 0.3]))
def test_dropblock_drops_squares_and_nearly_its_rate(p: float, size: tuple[int, int]) -> None:
    side, block = size
    x = torch.ones(200, 32, side, side)
    y = make("dropblock", block_size=block).train(x, rate(p), noise())
    # A pixel is dropped unless none of the corners is drawn whose square holds it: as many as fit, side by side.
    corners = side - block + 1
    corner = p / block**2 * side**2 / corners**2
    over = torch.tensor([min(i, corners - 1) - max(0, i - block + 1) + 1 for i in range(side)])
    expected = (1 - (1 - corner) ** (over[:, None] * over)).mean().item()
    assert 0.81 * p < expected <= p + 1e-6
    assert dropped(y).mean().item() == pytest.approx(expected, rel=0.04)
    assert y.mean().item() == pytest.approx(1, abs=1e-4)  # the whole batch's mean is kept exactly
    # Every dropped pixel lies in a square of dropped pixels.
    padded = nn.functional.pad(dropped(y), [block - 1] * 4)
    squares = -nn.functional.max_pool2d(-padded, block, stride=1)
    covered = nn.functional.max_pool2d(squares, block, stride=1)
    assert torch.equal(covered, dropped(y))


@pytest.mark.parametrize(("size", "p"), matrix([(8, 3), (8, 2), (7, 7), (14, 5)], [0.2, 0.5, 0.8]))
def test_dropblock_says_where_it_falls_short_of_its_rate(p: float, size: tuple[int, int]) -> None:
    side, block = size
    method, place = make("dropblock", block_size=block), SiteInfo("conv.0", (32, side, side), "relu")
    gone = dropped(method.train(torch.ones(200, 32, side, side), rate(p), noise())).mean().item()
    assert method.dropped(place, p) == pytest.approx(gone, rel=0.04)
    said = method.advice(place, p) or ""
    assert ("squares overlap" in said) == (gone < 0.8 * p)
    assert p != 0.8 or block == side or f"{method.dropped(place, 0.7):.2f} at rate 0.7" in said


def test_a_pattern_says_where_it_covers_less_than_its_rate() -> None:
    method, place = make("pattern"), SiteInfo("conv.0", (4, 9, 9), "relu")
    gone = dropped(method.train(torch.ones(3000, 4, 9, 9), rate(0.9), noise())).mean().item()
    assert gone == pytest.approx(16 / 81)
    assert method.advice(place, 0.2) is None
    assert "covers 0.20 of a map of 9 x 9, so no higher rate drops more" in method.advice(place, 0.5)


def test_dropblock_of_one_mask_for_all_channels() -> None:
    gone = dropped(make("dropblock", per_channel=False).train(torch.ones(IMAGES), rate(0.2), noise()))
    assert torch.equal(gone, gone[:, :1].expand_as(gone))
    gone = dropped(make("dropblock").train(torch.ones(IMAGES), rate(0.2), noise()))
    assert not torch.equal(gone, gone[:, :1].expand_as(gone))


def test_dropblock_on_a_map_smaller_than_its_block_takes_the_whole_map() -> None:
    gone = dropped(make("dropblock", block_size=7).train(torch.ones(500, 8, 4, 4), rate(0.25), noise())).flatten(2)
    assert gone.mean().item() == pytest.approx(0.25, abs=0.03)
    assert (gone.std(2) == 0).all()


@pytest.mark.parametrize(("name", "axis", "others"), [("maxdrop_feature", 2, 196), ("maxdrop_channel", 1, 0)])
def test_max_drop_takes_the_largest_so_often(name: str, axis: int, others: int) -> None:
    x = torch.randn(IMAGES).flatten(2)
    y = make(name).train(x.view(IMAGES), rate(0.2), noise()).flatten(2)
    gone = (y == 0) & (x != 0)
    assert (gone.sum(axis) <= 1).all()
    assert gone.any(axis).float().mean().item() == pytest.approx(0.2, abs=0.02)
    assert torch.equal(x.amax(axis, keepdim=True).expand_as(x)[gone], x[gone])
    scale = 1 / (1 - 0.2 / others) if others else 1
    torch.testing.assert_close(y[~gone], x[~gone] * scale)


@pytest.mark.parametrize("name", ["maxdrop_feature", "maxdrop_channel"])
def test_max_drop_takes_positive_values_only(name: str) -> None:
    assert not (make(name).train(-torch.ones(IMAGES), rate(0.9), noise()) == 0).any()


def test_stochastic_rate_draws_one_rate_a_step_within_its_spread() -> None:
    x, method = torch.ones(10_000, 1), make("stochastic_rate")
    shares = torch.tensor([dropped(method.train(x, rate(0.2), noise(1, step))).mean().item() for step in range(300)])
    assert stats.kstest(shares.numpy(), "uniform", args=(0, 0.4)).pvalue > 0.01
    assert dropped(make("stochastic_rate", spread=0.0).train(x, rate(0.2), noise())).mean().item() == pytest.approx(
        0.2, abs=0.02
    )


@pytest.mark.parametrize(("p", "spread"), matrix([0.2, 0.4, 0.6, 0.69, 0.7, 0.9], [1.0, 0.5, 0.0]))
def test_stochastic_rate_keeps_rate_and_mean_in_spite_of_its_caps(p: float, spread: float) -> None:
    method, x = make("stochastic_rate", spread=spread), torch.ones(4000, 1)
    keys = torch.stack([stream.key for stream in noises(1500)])
    steps = vmap(lambda key: method.train(x, rate(p), Noise(key)))(keys)
    shares = dropped(steps).mean((1, 2))
    assert shares.mean().item() == pytest.approx(p, abs=4 * shares.std().item() / 1500**0.5)
    means = steps.mean((1, 2))
    assert means.mean().item() == pytest.approx(1, abs=4 * means.std().item() / 1500**0.5)
    assert shares.max().item() < max(p, 0.7) + 0.04
    if p == 0.2:  # the scale is capped at 1.5, but for the division by its mean
        assert steps.max().item() == pytest.approx(
            1.5 / 0.9917 if spread == 1 else 1 / 0.7 if spread else 1.25, rel=0.01
        )


@pytest.mark.parametrize(
    ("name", "changes", "key"),
    [
        ("dropblock", {"block_size": 0}, "dropout.block_size=0"),
        ("stochastic_rate", {"spread": 1.5}, "dropout.spread=1.5"),
        ("dropconnect", {"mask_per": "unit"}, "dropout.mask_per=unit: must be one of example, batch"),
        ("dropconnect", {"inference": "max"}, "dropout.inference=max: must be one of mean, gaussian, sampling"),
    ],
)
def test_a_wrong_argument_is_refused(name: str, changes: dict[str, object], key: str) -> None:
    with pytest.raises(UserError, match=key):
        make(name, **changes)


def test_streams_are_independent_of_each_other_and_of_the_first() -> None:
    streams = [noise().stream(number).uniform((50_000,)) for number in range(4)] + [noise().uniform((50_000,))]
    assert torch.corrcoef(torch.stack(streams)).sub(torch.eye(5)).abs().max().item() < 0.02
    assert torch.equal(noise().stream(2).uniform((9,)), noise().stream(2).uniform((9,)))


class Ends(Noise):
    """A stream of the smallest and the largest number alone."""

    def uniform(self, shape: Sequence[int]) -> Tensor:
        return torch.tensor([0.0, 1 - 2.0**-24])


def test_normal_is_finite_at_both_ends_and_symmetric() -> None:
    low, high = Ends(torch.zeros(2, dtype=torch.int32)).normal((2,)).tolist()
    assert low == -high == pytest.approx(-5.42, abs=0.01)


def test_normal_is_normal_and_finite() -> None:
    values = Noise(torch.tensor([7, 9], dtype=torch.int32)).normal((1_000_000,))
    assert values.isfinite().all()
    assert stats.kstest(values[:100_000].numpy(), "norm").pvalue > 0.01
    assert values.var().item() == pytest.approx(1, abs=0.01)


def linear(activation: ActivationName | None = "relu") -> Reader:
    torch.manual_seed(0)
    return Reader(nn.Linear(30, 12), Activation(activation) if activation else None)


def test_dropconnect_masks_weights_and_biases_by_example_or_batch() -> None:
    reader, x = linear(None), torch.eye(30)
    layer = reader.layer
    assert isinstance(layer, nn.Linear)
    nn.init.constant_(layer.weight, 1.0)
    nn.init.constant_(layer.bias, 100.0)
    y = make("dropconnect", mask_per="batch").train_reader(reader, x, rate(0.4), noise())
    bias = (y > 50).float() * 100
    assert set((y - bias).unique().tolist()) == {0.0, 1.0}  # every example reads a single weight of every unit
    assert torch.equal(bias, bias[:1].expand_as(bias))
    y = make("dropconnect").train_reader(reader, torch.ones(500, 30), rate(0.4), noise())
    assert len(y.unique(dim=0)) == 500  # every example has weights of its own
    assert (y > 50).float().mean().item() == pytest.approx(0.6, abs=0.03)


@pytest.mark.parametrize("mask_per", ["example", "batch"])
def test_dropconnects_moments_are_those_of_its_paper(mask_per: str) -> None:
    reader, x, p = linear(None), torch.randn(7, 30), 0.3
    method = make("dropconnect", mask_per=mask_per, inference="mean")
    keys = torch.stack([stream.key for stream in noises(4000)])
    y = vmap(lambda key: method.train_reader(reader, x, rate(p), Noise(key)))(keys).detach()
    mean = method.evaluate_reader(reader, x, rate(p))
    layer = reader.layer
    assert isinstance(layer, nn.Linear)
    variance = p * (1 - p) * (x.square() @ layer.weight.square().t() + layer.bias.square())
    torch.testing.assert_close(y.mean(0), mean, atol=0.06, rtol=0)
    assert (y.var(0) / variance).mean().item() == pytest.approx(1, abs=0.02)


@pytest.mark.slow
def test_dropconnects_ways_of_inference() -> None:
    reader, x, p = linear(), torch.randn(40, 30) * 3, 0.5
    method = make("dropconnect")
    masks = torch.stack([method.train_reader(reader, x, rate(p), stream) for stream in noises(2000)]).mean(0)
    ways = {way: make("dropconnect", inference=way, samples=2000) for way in ("gaussian", "sampling", "mean")}
    found = {way: ways[way].evaluate_reader(reader, x, rate(p)) for way in ways}
    torch.testing.assert_close(found["gaussian"], found["sampling"], atol=0.1, rtol=0)
    errors = {way: (found[way] - masks).abs().mean().item() for way in ways}
    assert errors["gaussian"] < 0.03
    assert errors["mean"] > 5 * errors["gaussian"]  # E[relu(u)] is not relu(E[u])
    bare = Reader(reader.layer)
    exact = make("dropconnect", inference="mean").evaluate_reader(bare, x, rate(p))
    assert all(torch.equal(ways[way].evaluate_reader(bare, x, rate(p)), exact) for way in ways)
    assert "inference=sampling" in make("dropconnect").objection(
        SiteInfo("x", (9,), "tanh", reader=nn.Linear, next_activation="tanh")
    )
    for way in ("mean", "sampling"):
        assert (
            make("dropconnect", inference=way).objection(
                SiteInfo("x", (9,), "tanh", reader=nn.Linear, next_activation="tanh")
            )
            is None
        )


def test_dropconnects_samples_are_the_same_for_every_example_wherever_it_stands() -> None:
    reader, x, p = linear("tanh"), torch.randn(6, 30), rate(0.5)
    method = make("dropconnect", inference="sampling", samples=50)
    together = method.evaluate_reader(reader, x, p)
    torch.testing.assert_close(method.evaluate_reader(reader, x.flip(0), p).flip(0), together, rtol=0, atol=1e-6)
    torch.testing.assert_close(method.evaluate_reader(reader, x[4:], p), together[4:], rtol=0, atol=1e-6)
    many = make("dropconnect", inference="sampling", samples=20_000).evaluate_reader(reader, x, p)
    layer = cast(nn.Linear, reader.layer)
    mean, variance = 0.5 * layer(x), 0.25 * (x.square() @ layer.weight.square().t() + layer.bias.square())
    nodes, weights = (torch.tensor(part) for part in np.polynomial.hermite_e.hermegauss(40))  # E over N(0, 1)
    values = torch.tanh(mean.double().unsqueeze(-1) + variance.sqrt().unsqueeze(-1) * nodes)
    expected = (values @ weights / math.sqrt(2 * math.pi)).float()
    torch.testing.assert_close(many, expected, rtol=0, atol=0.02)


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5])
def test_max_pooling_evaluates_the_mean_over_all_masks_whatever_the_signs(p: float) -> None:
    x = torch.randn(7, 2, 4, 6, generator=torch.Generator().manual_seed(0)) * 2
    x[0], x[1] = -x[0].abs(), x[1].abs()
    x[2, 0, :2, :2] = torch.tensor([[-1.0, -2.0], [-3.0, -4.0]])
    regions = x.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)
    expected = torch.zeros(regions.shape[:-1])
    for kept in itertools.product([0.0, 1.0], repeat=4):
        chance = math.prod(1 - p if keep else p for keep in kept)
        expected += chance * (regions * torch.tensor(kept)).amax(-1)
    found = make("max_pooling").evaluate_reader(Reader(nn.MaxPool2d(2)), x, rate(p))
    torch.testing.assert_close(found, expected)
    assert found[2, 0, 0, 0].item() == pytest.approx(-((1 - p) ** 4))  # -0.0625 at 0.5: negative if nothing is dropped


def test_max_pooling_gives_each_value_as_often_as_evaluation_weighs_it() -> None:
    pool, p = Reader(nn.MaxPool2d(2)), 0.4
    x = torch.tensor([[1.0, 4.0], [3.0, 2.0]]).expand(50_000, 1, 2, 2)
    drawn = make("max_pooling").train_reader(pool, x, rate(p), noise()).flatten()
    for rank in range(5):
        chance = p**4 if rank == 0 else (1 - p) * p ** (4 - rank)
        assert (drawn == rank).float().mean().item() == pytest.approx(chance, abs=0.01)
    weighed = make("max_pooling").evaluate_reader(pool, x[:3], rate(p))
    expected = sum((1 - p) * p ** (4 - rank) * rank for rank in range(1, 5))
    torch.testing.assert_close(weighed, torch.full((3, 1, 1, 1), expected))
    odd = torch.randn(2, 3, 5, 7)
    torch.testing.assert_close(make("max_pooling").evaluate_reader(pool, odd, rate(0.0)), nn.MaxPool2d(2)(odd))


@pytest.mark.parametrize("classic", [False, True])
@pytest.mark.parametrize("per_example", [False, True])
def test_stochastic_depth_leaves_whole_branches_out(per_example: bool, classic: bool) -> None:
    method = make("stochastic_depth", per_example=per_example, classic=classic)
    x, p = torch.ones(400, 3, 2, 2), 0.3
    y = torch.stack([method.train(x, rate(p), stream) for stream in noises(300)])
    gates = y.flatten(2)
    assert torch.equal(gates, gates[:, :, :1].expand_as(gates))
    assert (gates[:, :, 0] == gates[:, :1, 0]).all().item() != per_example
    assert y.unique().tolist() == [0.0, pytest.approx(1.0 if classic else 1 / 0.7)]
    drawn = (gates[:, :, 0] if per_example else gates[:, :1, 0]) == 0  # independent gates: 120,000, or 300
    assert drawn.float().mean().item() == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / drawn.numel()))
    torch.testing.assert_close(method.evaluate(x, rate(p)), x * (0.7 if classic else 1.0))
    assert "residual" in method.objection(SiteInfo("conv.0", (4, 8, 8), "relu"))


def masked_by(kept: Tensor, units: int) -> Tensor:
    return torch.zeros(units).index_fill(0, kept, 1.0)


@pytest.mark.parametrize("classic", [False, True])
def test_controlled_is_the_network_with_the_same_units_masked(classic: bool) -> None:
    torch.manual_seed(0)
    sizes = [20, 16, 12, 10, 4]
    linears = [nn.Linear(a, b) for a, b in itertools.pairwise(sizes)]
    layers: list[nn.Module] = [Site("input")]
    for index, layer in enumerate(linears[:-1]):
        layers += [layer, Activation("tanh"), Site(f"hidden.{index}")]
    model = chain([*layers, linears[-1]])
    rates = {"input": 0.0, "hidden.0": 0.5, "hidden.1": 0.25, "hidden.2": 0.5}
    methods = {site: make("controlled", classic=classic, rate=p) for site, p in rates.items()}
    install(model, methods)
    masks = {}
    for number, (site, path) in enumerate(sites(model).items()):
        module = model.get_submodule(path)
        assert isinstance(module, Site)
        module.key = torch.tensor([number, 7], dtype=torch.int32)
        count, kept = round(sizes[number] * (1 - rates[site])), methods[site].kept(sizes[number], Noise(module.key))
        if kept is None:
            assert count == sizes[number]
            masks[site] = torch.ones(count)
            continue
        assert len(kept.units) == len(kept.units.unique()) == count
        masks[site] = masked_by(kept.units, sizes[number]) * (1 if classic else sizes[number] / count)
    x = torch.randn(6, 20)
    ours = model(x)
    (ours.square().sum()).backward()
    gradients = [layer.weight.grad for layer in linears]
    model.zero_grad()
    y = x * masks["input"]
    for index, layer in enumerate(linears[:-1]):
        y = torch.tanh(layer(y)) * masks[f"hidden.{index}"]
    theirs = linears[-1](y)
    torch.testing.assert_close(ours, theirs)
    theirs.square().sum().backward()
    for layer, gradient in zip(linears, gradients, strict=True):
        torch.testing.assert_close(gradient, layer.weight.grad, atol=1e-6, rtol=1e-5)
    evaluated = model.eval()(x)
    y = x
    for index, layer in enumerate(linears[:-1]):
        share = len(masks[f"hidden.{index}"].nonzero()) / sizes[index + 1] if classic else 1
        y = torch.tanh(layer(y)) * share
    torch.testing.assert_close(evaluated, linears[-1](y))


def test_controlled_draws_every_unit_equally_often_and_another_set_every_step() -> None:
    method = make("controlled", rate=0.25)
    drawn = torch.stack([masked_by(method.kept(12, stream).units, 12) for stream in noises(2000)])
    assert torch.equal(drawn.sum(1), torch.full((2000,), 9.0))
    assert (drawn.mean(0) - 0.75).abs().max().item() < 0.05
    assert len(drawn.unique(dim=0)) > 150  # of 220 sets
    assert make("controlled", rate=0.9).count(4) == 1
    with pytest.raises(UserError, match=r"dropout\.rate=1\.0"):
        make("controlled", rate=1.0)


TILES = {"size": 2, "stride": 1, "repeat": 2, "rotate": 0.0, "shear_x": 0.0, "shear_y": 0.0}


def pattern(side: int, **changes: float) -> Any:
    arguments: Any = {**TILES, **changes}
    return _covered(side, side, **arguments)


def test_a_pattern_is_tiles_at_a_random_place_as_often_as_the_rate_wants() -> None:
    covered = pattern(9)
    assert covered.sum() == 16  # 2 x 2 squares of 2 x 2
    rows = covered.any(1).nonzero()[0]
    assert (rows - rows[0]).tolist() == [0, 1, 3, 4]
    x, p = torch.ones(3000, 4, 9, 9), 0.1
    y = make("pattern").train(x, rate(p), noise())
    gone = dropped(y)
    assert torch.equal(gone, gone[:, :1].expand_as(gone))  # one place for all channels
    assert set(gone[:, 0].flatten(1).sum(1).tolist()) == {0.0, 16.0}
    assert gone.mean().item() == pytest.approx(p, rel=0.1)
    assert y.mean().item() == pytest.approx(1, abs=1e-4)
    assert gone[:, 0].mean(0).std().item() < 0.02  # no place more often than another
    whole = dropped(make("pattern").train(x, rate(0.9), noise()))
    assert (whole[:, 0].flatten(1).sum(1) == 16).all()  # it covers less than the rate: laid over all
    own = dropped(make("pattern", share_channels=False).train(x, rate(p), noise()))
    assert not torch.equal(own, own[:, :1].expand_as(own))


def test_a_pattern_is_rotated_and_sheared_about_the_middle() -> None:
    straight = pattern(21, size=1, repeat=5)
    assert straight.sum() == 25
    assert (pattern(21, size=1, repeat=5, rotate=90.0) == straight.T).mean() > 0.95
    diagonal = pattern(41, size=9, repeat=1, rotate=45.0)
    assert diagonal.sum() == pytest.approx(81, rel=0.1)  # a rotation keeps the area
    assert diagonal.any(1).sum() == pytest.approx(9 * math.sqrt(2), abs=2)
    sheared = pattern(41, size=9, repeat=1, shear_x=0.5)
    assert sheared.any(1).sum() > 9
    assert sheared.any(0).sum() == pytest.approx(9, abs=1)
    with pytest.raises(UserError, match=r"shear_x=2\.0, dropout\.shear_y=0\.5"):
        make("pattern", shear_x=2.0, shear_y=0.5)
