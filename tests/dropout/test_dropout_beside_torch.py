"""Every method of conf/dropout/ in all precisions, and standard dropout against torch's on torch's own masks."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn
from torch.func import grad, vmap

from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout.standard import Standard
from tests.dropout.test_every_dropout import (
    CASES,
    MULTIPLIES_BY_0,
    READERS,
    SHAPES,
    SHIFTS_THE_MEAN,
    Applied,
    make,
    noises,
    rate,
)
from tests.matrix import matrix


class Given(Noise):
    """A stream that drops exactly where `kept` is false, whatever the rate: 0 is below every rate above 0."""

    def __init__(self, kept: Tensor) -> None:
        super().__init__(torch.zeros(2, dtype=torch.int32))
        self._kept = kept

    def uniform(self, shape: Sequence[int]) -> Tensor:
        assert tuple(shape) == tuple(self._kept.shape)
        return torch.where(self._kept, 1 - 2.0**-24, 0.0)


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.9])
def test_standard_is_torchs_dropout_on_torchs_mask(p: float) -> None:
    # The same seed gives nn.Dropout the same mask twice: first on ones, to see it, then on x, to be compared.
    x = torch.randn(40, 30, generator=torch.Generator().manual_seed(1))
    theirs = nn.Dropout(p)
    torch.manual_seed(0)
    kept = theirs(torch.ones(40, 30)) != 0
    torch.manual_seed(0)
    expected = theirs(x)
    assert 0 < kept.sum() < kept.numel()
    torch.testing.assert_close(Standard().train(x, rate(p), Given(kept)), expected)


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize(
    ("name", "torchs", "mask"),
    [
        ("spatial", nn.Dropout2d, (20, 8, 1, 1)),
        ("feature_alpha", nn.FeatureAlphaDropout, (20, 8, 1, 1)),
        ("alpha", nn.AlphaDropout, (20, 8, 5, 6)),
    ],
)
def test_it_is_torchs_on_torchs_mask(name: str, torchs: type[nn.Module], mask: tuple[int, ...], p: float) -> None:
    """In value and in gradient. The mask shows in torch's gradient, which is 0 where a value was dropped."""
    x = torch.randn(20, 8, 5, 6, generator=torch.Generator().manual_seed(1), requires_grad=True)
    torch.manual_seed(0)
    expected = torchs(p)(x)
    (gradient,) = torch.autograd.grad(expected.square().sum(), x)
    kept = (torch.autograd.grad(torchs_again(torchs(p), x).sum(), x)[0] != 0).view(20, 8, -1)
    kept = (kept if mask[2] > 1 else kept[:, :, :1]).reshape(mask)
    assert 0 < kept.sum() < kept.numel()
    ours = make(name).train(x, rate(p), Given(kept))
    torch.testing.assert_close(ours, expected)
    torch.testing.assert_close(torch.autograd.grad(ours.square().sum(), x)[0], gradient)


def torchs_again(module: nn.Module, x: Tensor) -> Tensor:
    """The same masks as the call before had."""
    torch.manual_seed(0)
    y: Tensor = module(x)
    return y


@pytest.mark.parametrize(("name", "kind"), [case for case in CASES if case[0] not in READERS])  # which are float32
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_precision_and_shape_are_kept_alone_and_lifted_over_lanes(name: str, kind: str, dtype: torch.dtype) -> None:
    method, x = Applied(name), torch.ones(3, *SHAPES[kind], dtype=dtype)
    rates, keys = torch.tensor([0.0, 0.3, 0.8]), torch.arange(6, dtype=torch.int32).view(3, 2)
    alone = method.train(x[1], rates[1], Noise(keys[1]))
    lifted = vmap(lambda x, p, key: method.train(x, p, Noise(key)))(x, rates, keys)
    assert (alone.dtype, alone.shape) == (dtype, x[1].shape)
    assert (lifted.dtype, lifted.shape) == (dtype, x.shape)


@pytest.mark.parametrize(("case", "p"), matrix([case for case in CASES if case[0] not in SHIFTS_THE_MEAN], [0.3, 0.9]))
def test_the_mean_over_masks_is_what_evaluation_gives(case: tuple[str, str], p: float) -> None:
    name, kind = case
    # A hundred batches; within four standard errors of it.
    method, x = Applied(name), torch.rand(SHAPES[kind], generator=torch.Generator().manual_seed(0)) + 0.5
    ratios = torch.stack([method.train(x, rate(p), stream).mean() for stream in noises(100)]) / x.mean()
    assert abs(ratios.mean().item() - 1) <= 4 * ratios.std().item() / 10 + 1e-6
    assert torch.equal(method.evaluate(x, rate(p)), x)


@pytest.mark.parametrize(("name", "kind"), [case for case in CASES if case[0] in MULTIPLIES_BY_0])
def test_a_dropped_unit_has_no_gradient_in_any_lane(name: str, kind: str) -> None:
    method, x = Applied(name), torch.randn(3, *SHAPES[kind], generator=torch.Generator().manual_seed(0))
    rates, keys = torch.tensor([0.2, 0.5, 0.9]), torch.arange(6, dtype=torch.int32).view(3, 2)

    def squares(x: Tensor, p: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        y = method.train(x, p, Noise(key))
        return y.square().sum(), y

    gradient, y = vmap(grad(squares, has_aux=True))(x, rates, keys)
    assert (y == 0).any()
    assert (y != 0).any()
    assert torch.equal(gradient == 0, y == 0)
