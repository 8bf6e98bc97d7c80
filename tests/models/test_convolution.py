"""Our convolution is torch's, alone and in lanes, computed lane by lane or all at once."""

import pytest
import torch
import torch.nn.functional as F
from torch.func import vmap

from dropout_lab.models import convolution
from dropout_lab.models.convolution import Conv2d


@pytest.mark.parametrize(("stride", "padding"), [(1, 1), (2, 1), (2, 0)])
@pytest.mark.parametrize("large", [0, 1 << 40])
def test_it_is_torchs_in_value_and_gradient(
    stride: int, padding: int, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convolution, "LARGE", large)
    torch.manual_seed(0)
    x, weight, bias = torch.randn(3, 4, 2, 7, 8), torch.randn(3, 5, 2, 3, 3), torch.randn(3, 5)
    given = [tensor.requires_grad_() for tensor in (x, weight, bias)]
    ways = (stride, stride), (padding, padding)
    ours = vmap(lambda a, b, c: convolution.convolution(a, b, c, *ways))(*given)
    theirs = torch.stack([F.conv2d(a, b, c, *ways) for a, b, c in zip(*given, strict=True)])
    torch.testing.assert_close(ours, theirs)
    direction = torch.randn_like(ours)
    for mine, expected in zip(
        torch.autograd.grad(ours, given, direction), torch.autograd.grad(theirs, given, direction), strict=True
    ):
        torch.testing.assert_close(mine, expected, rtol=1e-4, atol=1e-5)


def test_the_module_alone_is_torchs_too() -> None:
    module, x = Conv2d(2, 3, 3, padding=1), torch.randn(2, 2, 5, 5)
    module(x).square().sum().backward()
    found = [parameter.grad for parameter in module.parameters()]
    expected = torch.autograd.grad(
        F.conv2d(x, module.weight, module.bias, padding=1).square().sum(), list(module.parameters())
    )
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs)
