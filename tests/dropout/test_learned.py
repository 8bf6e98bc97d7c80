"""Methods that learn or choose their noise: gradients, divergences, moments and masks, against other means."""

import math
from typing import Any, cast

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import integrate, stats
from torch import Tensor, nn
from torch.func import functional_call

from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout import sparse_vd, variational_gaussian
from dropout_lab.models.activations import Activation
from dropout_lab.models.convolution import Conv2d
from dropout_lab.models.mlp import MLP
from dropout_lab.models.survey import site_infos
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractDropout, AbstractLearnedDropout, Training
from dropout_lab.sites.reader import Reader
from dropout_lab.sites.site import Site, install
from tests.dropout.test_every_dropout import make, noise, noises, rate

LEARNERS = ["concrete", "variational_gaussian", "sparse_vd"]
PLACE = SiteInfo("x", (6,), "relu", reader=nn.Linear)


class Penalty(nn.Module):
    def __init__(self, method: AbstractLearnedDropout, reader: Reader, p: Tensor) -> None:
        super().__init__()
        self.method, self.reader, self.p = method, reader, p

    def forward(self) -> Tensor:
        return self.method.penalty(PLACE, self.reader, self.p, Training(50, torch.tensor(0.2, dtype=torch.float64)))


def read_by(method: AbstractDropout, layer: nn.Module) -> Reader:
    reader = Reader(layer)
    reader.learn(method.initial(reader))
    return reader


@pytest.mark.parametrize("name", LEARNERS)
def test_what_is_learned_has_the_gradient_of_finite_differences(name: str) -> None:
    changes: dict[str, dict[str, Any]] = {"concrete": {"temperature": 1.0}, "variational_gaussian": {"per": "unit"}}
    method = make(name, speed=1.0, **changes.get(name, {}))
    site = Site("x", Reader(nn.Linear(6, 4)))
    install(site, {"x": method})
    site = site.double()
    site.rate, site.key = torch.tensor(0.3, dtype=torch.float64), torch.tensor([3, 4], dtype=torch.int32)
    penalty = Penalty(method, site.reader, site.rate)
    x = torch.randn(5, 6, dtype=torch.float64)
    ((path, initial),) = [(path, value) for path, value in site.named_parameters() if ".learned." in path]
    start = (initial + 0.01 * torch.randn(initial.shape, dtype=torch.float64)).detach().requires_grad_()

    def both(value: Tensor) -> tuple[Tensor, Tensor]:
        return functional_call(site, {path: value}, (x,)), functional_call(penalty, {path: value}, ())

    # The uniform numbers are float32, and so are masks made of them.
    assert torch.autograd.gradcheck(both, (start,), eps=1e-3, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("p", [0.0, 0.3, 0.9])
def test_concrete_at_no_temperature_is_standard_dropout(p: float) -> None:
    method = make("concrete", temperature=1e-4)
    y = method.train_reader(read_by(method, nn.Identity()), torch.ones(1000, 1000), rate(p), noise())
    whole = (y < 1e-6) | ((y - 1 / (1 - p)).abs() < 1e-4)
    assert whole.float().mean().item() > 0.999
    assert (y < 1e-6).float().mean().item() == pytest.approx(p, abs=0.002)


def test_concrete_drops_whole_channels_of_maps() -> None:
    method = make("concrete")
    y = method.train_reader(read_by(method, nn.Identity()), torch.ones(50, 4, 3, 3), rate(0.5), noise())
    assert torch.equal(y, y[:, :, :1, :1].expand_as(y))
    assert y[:, :, 0, 0].unique().numel() > 150


@pytest.mark.parametrize(
    ("name", "changes"),
    [("concrete", {}), *(("variational_gaussian", {"per": per}) for per in ("unit", "site")), ("sparse_vd", {})],
)
def test_of_a_sequence_every_step_has_noise_of_its_own_and_one_rate(name: str, changes: dict[str, Any]) -> None:
    method = make(name, **changes)
    site = Site("x", Reader(nn.Linear(6, 4)), kind="sequence")
    install(site, {"x": method})
    assert all(value.numel() in (1, 6, 24) for path, value in site.named_parameters() if ".learned." in path)
    site.rate, site.key = rate(0.3), torch.tensor([3, 4], dtype=torch.int32)
    x = torch.randn(6).expand(2000, 5, 6)
    drawn = site(x)
    assert len(drawn.flatten(0, 1).unique(dim=0)) > 9000
    # The steps' noise has the same moments as that of examples without steps, and the mean is the plain product.
    alone = Site("x", Reader(nn.Linear(6, 4)))
    install(alone, {"x": method})
    alone.load_state_dict(site.state_dict())
    alone.rate, alone.key = rate(0.3), torch.tensor([5, 6], dtype=torch.int32)
    expected = alone(x[:, 0])
    torch.testing.assert_close(drawn.std((0, 1)), expected.std(0), rtol=0.1, atol=0.02)
    torch.testing.assert_close(drawn.mean((0, 1)), site.reader(x[0, 0]), rtol=0.1, atol=0.05)


def test_concretes_penalty_counts_the_units_of_a_step() -> None:
    method = make("concrete")
    reader = read_by(method, nn.Identity())
    at_steps = SiteInfo("x", (9, 6), None, kind="sequence")
    of_units, of_steps = (
        method.penalty(place, reader, rate(0.3), Training(50, rate(0.0))) for place in (PLACE, at_steps)
    )
    assert of_units.item() == pytest.approx(of_steps.item())


class Extreme(Noise):
    """The ends of what a stream draws."""

    def uniform(self, shape: Any) -> Tensor:
        return torch.tensor([0.0, 1 - 2.0**-24]).repeat(math.prod(shape) // 2).view(tuple(shape))


@pytest.mark.parametrize("p", [0.0, 0.3])
def test_concrete_is_finite_at_the_ends_of_the_noise(p: float) -> None:
    method = make("concrete")
    reader = read_by(method, nn.Linear(6, 4))
    y = method.train_reader(reader, torch.ones(3, 6), rate(p), Extreme(torch.zeros(2, dtype=torch.int32)))
    y.sum().backward()
    assert y.isfinite().all()
    assert all(param.grad is not None and param.grad.isfinite().all() for param in reader.parameters())


def test_concretes_penalty_is_the_papers() -> None:
    method, p = make("concrete", weight_regularizer=0.5, dropout_regularizer=2.0), 0.3
    reader = read_by(method, nn.Linear(6, 4))
    found = method.penalty(PLACE, reader, rate(p), Training(50, rate(0.0)))
    weights = cast(nn.Linear, reader.layer).weight.square().sum().item()
    entropy = float(stats.bernoulli(p).entropy())
    assert found.item() == pytest.approx((0.5 * weights / (1 - p) - 2 * 6 * entropy) / 50)
    assert method.penalty(PLACE, reader, rate(0.0), Training(50, rate(0.0))).item() == 0


def log_uniform_kl(alpha: float) -> float:
    """KL of N(1, alpha) and the log-uniform prior, by quadrature; 0 where alpha is infinite."""
    deviation = math.sqrt(alpha)
    parts = [(1 - 12 * deviation, 0.0), (0.0, 1.0), (1.0, 1 + 12 * deviation)]
    mean = sum(
        integrate.quad(lambda e: math.log(abs(e)) * stats.norm.pdf(e, 1, deviation), low, high, limit=200)[0]
        for low, high in parts
        if low < high
    )
    return mean - 0.5 * math.log(alpha) + (np.euler_gamma + math.log(2)) / 2


def test_the_divergences_are_what_quadrature_gives() -> None:
    for alpha in (0.05, 0.2, 0.5, 0.8, 1.0):
        exact = log_uniform_kl(alpha) - log_uniform_kl(1.0)
        found = variational_gaussian.kl(torch.tensor([alpha, 1.0]))
        assert (found[0] - found[1]).item() == pytest.approx(exact, abs=0.03)
    for log_alpha in (-6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 5.0):
        found = sparse_vd.kl(torch.tensor(log_alpha))
        assert found.item() == pytest.approx(log_uniform_kl(math.exp(log_alpha)), abs=0.01)


@pytest.mark.parametrize("name", ["variational_gaussian", "sparse_vd"])
def test_noise_on_the_product_has_the_moments_of_noise_on_the_weights(name: str) -> None:
    method, p, draws = make(name), 0.3, 4000
    reader = read_by(method, nn.Linear(6, 4))
    layer, x = cast(nn.Linear, reader.layer), torch.randn(6)
    y = torch.cat([method.train_reader(reader, x.expand(draws, 6), rate(p), stream) for stream in noises(10)])
    alpha = (
        torch.full((4, 6), p / (1 - p))
        if name == "variational_gaussian"
        else torch.exp(method.log_alpha(reader, rate(p)))
    )
    alpha, y, weight = alpha.detach(), y.detach(), layer.weight.detach()
    noisy = weight * (1 + alpha.sqrt() * torch.randn(10 * draws, 4, 6))
    other = (noisy @ x) + layer.bias.detach()
    error = other.std(0).max().item() * math.sqrt(2 / len(y))
    torch.testing.assert_close(y.mean(0), other.mean(0), rtol=0, atol=4 * error)
    torch.testing.assert_close(y.var(0), other.var(0), rtol=0.05, atol=0)
    torch.testing.assert_close(other.var(0), (alpha * weight.square() * x.square()).sum(1), rtol=0.05, atol=0)


def test_a_convolutions_noise_has_a_variance_of_its_own_for_every_unit() -> None:
    method = make("variational_gaussian", per="unit")
    reader = read_by(method, Conv2d(2, 3, 3, padding=1))
    x = torch.randn(1, 2, 5, 5).expand(2000, 2, 5, 5)
    with torch.no_grad():
        reader.learned["offset"].copy_(torch.tensor([-0.1, -0.3]))  # times speed, 10: alpha e^-1 and e^-3 as large
    y = torch.cat([method.train_reader(reader, x, rate(0.3), stream) for stream in noises(5)])
    alpha = 0.3 / 0.7 * torch.tensor([math.exp(-1), math.exp(-3)]).view(2, 1, 1)
    variance = F.conv2d(x[:1].square() * alpha, cast(Tensor, reader.layer.weight).square(), padding=1)
    torch.testing.assert_close(y.var(0), variance[0], rtol=0.1, atol=0)
    learned = 1 / (1 + 1 / alpha)
    assert method.measured(reader, rate(0.3))["rate"].item() == pytest.approx(learned.mean().item())


def test_alpha_stays_at_most_1_and_comes_back() -> None:
    method = make("variational_gaussian")
    reader = read_by(method, nn.Linear(6, 4))
    for p in (0.3, 0.5, 0.8):
        for offset in (-0.2, 0.0, 0.2):
            with torch.no_grad():
                reader.learned["offset"].fill_(offset)
            found = method.measured(reader, rate(p))["rate"]
            assert found.item() <= 0.5 + 1e-6
            (slope,) = torch.autograd.grad(found, [reader.learned["offset"]])
            assert slope.abs().item() > 0.01  # it is stuck nowhere


def test_sparse_vd_leaves_out_what_is_mostly_noise() -> None:
    method, p = make("sparse_vd", speed=1.0), 0.5  # at which the learned logarithm is that of the variance
    reader = read_by(method, nn.Linear(6, 4))
    layer, x = cast(nn.Linear, reader.layer), torch.randn(7, 6)
    wanted = torch.linspace(-12, 12, 24).view(4, 6)[:, torch.randperm(6)]
    with torch.no_grad():
        reader.learned["log_variance"].copy_(wanted + layer.weight.square().log())
    found = method.log_alpha(reader, rate(p))
    torch.testing.assert_close(found, wanted.clamp(-8, 8), rtol=0, atol=1e-4)
    kept = layer.weight * (wanted < 3)
    torch.testing.assert_close(method.evaluate_reader(reader, x, rate(p)), F.linear(x, kept, layer.bias))
    measured = method.measured(reader, rate(p))
    assert measured["sparsity"].item() == pytest.approx((wanted >= 3).float().mean().item())
    assert torch.equal(method.evaluate_reader(reader, x, rate(0.0)), layer(x))


def test_sparse_vds_penalty_grows_over_its_warm_up() -> None:
    method = make("sparse_vd", warm_up=0.5)
    reader = read_by(method, nn.Linear(6, 4))
    at = [method.penalty(PLACE, reader, rate(0.1), Training(50, rate(share))).item() for share in (0, 0.25, 0.5, 0.9)]
    assert at == [0, pytest.approx(at[3] / 2), pytest.approx(at[3]), pytest.approx(at[3])]
    assert at[3] > 0


def test_standout_keeps_large_values_and_evaluates_the_mean() -> None:
    method, x, p = make("standout", alpha=2.0), torch.linspace(-2, 2, 9).expand(20_000, 9), 0.3
    y = torch.relu(method.train(x, rate(p), noise()))
    kept = 1 / (1 + torch.exp(-(2.0 * x[0] + math.log(0.7 / 0.3))))
    torch.testing.assert_close(y.mean(0), torch.relu(kept * x[0]), rtol=0, atol=0.02)
    torch.testing.assert_close(method.evaluate(x, rate(p)), kept * x)
    values = x[:1].clone().requires_grad_()
    (slope,) = torch.autograd.grad(method.evaluate(values, rate(p)).sum(), values)
    torch.testing.assert_close(slope[0], kept)  # and nothing through pi
    plain = make("standout", alpha=0.0)
    assert torch.equal(plain.evaluate(x, rate(p)) != 0, make("classic").evaluate(x, rate(p)) != 0)
    torch.testing.assert_close(plain.train(x, rate(p), noise()), make("classic").train(x, rate(p), noise()))


def test_standout_acts_before_a_relu_alone() -> None:
    shape: Any = {"input_shape": (1, 8, 8), "outputs": 10}

    def refused(**changes: Any) -> list[str]:
        found = site_infos(MLP(**shape, **changes), torch.zeros(1, 1, 8, 8))
        return [place.site for place in found if make("standout").objection(place) is not None]

    assert refused(site_order="before") == ["input"]
    assert refused(site_order="before", norm="batch") == ["input"]
    assert refused(site_order="before", norm="batch", norm_order="after") == ["input", "hidden.0", "hidden.1"]
    assert refused(site_order="before", activation="tanh") == ["input", "hidden.0", "hidden.1"]
    assert refused() == ["input", "hidden.0", "hidden.1"]


@pytest.mark.parametrize(("delta", "p"), [(0.05, 0.0), (0.1, 0.3), (0.5, 0.5), (1.0, 0.5), (0.01, 0.5)])
def test_adversarial_flips_few_entries_and_each_raises_the_distance(delta: float, p: float) -> None:
    method, head, y = make("adversarial", delta=delta), nn.Linear(40, 5), torch.randint(5, (30,))
    x, mask = torch.randn(30, 40), method.mask((30, 40), rate(p), noise())

    def distance(mask: Tensor) -> Tensor:
        return F.cross_entropy(head(x * mask), y, reduction="none")

    given = mask.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(distance(given).mean(), given)
    kept = (mask > 0).float()
    flips = method.flipped(kept, gradient)
    changed = kept + flips * (1 - 2 * kept)
    assert ((changed == 0) | (changed == 1)).all()
    assert flips.sum(1).max().item() <= int(delta * 40)
    assert (flips.sum() > 0).item() == (int(delta * 40) > 0)
    # The cross-entropy is convex in the mask of what the head reads: it rises at least as much as to first order.
    assert (distance(changed / (1 - p)) >= distance(mask) - 1e-5).all()
    # Those that are flipped raise it most.
    raised = gradient * (1 - 2 * kept)
    assert (torch.where(flips > 0, raised, math.inf).amin(1) >= torch.where(flips > 0, 0.0, raised).amax(1))[
        flips.sum(1) == int(delta * 40)
    ].all()
    if p > 0:
        chosen = method.chosen(mask, gradient, rate(p))
        torch.testing.assert_close(chosen.sum(1), mask.sum(1))


def test_an_adversary_of_a_sequence_flips_few_units_of_each_step_and_none_of_padding() -> None:
    method = make("adversarial", delta=0.25)
    mask = method.mask((5, 7, 8), rate(0.3), noise())
    slopes = torch.randn(5, 7, 8, generator=torch.Generator().manual_seed(1))
    slopes[:, 3:] = 0  # nobody reads these
    chosen = method.chosen(mask, slopes, rate(0.3))
    flips = (chosen > 0) != (mask > 0)
    assert flips[:, :3].sum(2).amax() == 2
    assert torch.equal(chosen[:, 3:], mask[:, 3:])
    torch.testing.assert_close(chosen.sum(2), mask.sum(2))


def test_an_adversarial_site_takes_the_mask_that_it_is_given() -> None:
    site = Site("x", Reader(nn.Linear(6, 4), Activation("tanh")))
    install(site, {"x": make("adversarial")})
    x, mask = torch.randn(3, 6), torch.randint(2, (3, 6)).float()
    assert torch.equal(functional_call(site, {"mask": mask}, (x,)), site.reader(x * mask))
    assert torch.equal(site.eval()(x), site.reader(x))
