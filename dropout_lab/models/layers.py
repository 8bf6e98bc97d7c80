"""What the models share: batch normalisation, and the check of a list of layer sizes."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dropout_lab.errors import UserError


class BatchNorm(nn.Module):
    """Batch normalisation over all but the channel axis, as nn.BatchNorm1d and 2d (Ioffe & Szegedy, 2015).

    Written out in sums and products: torch's own, lifted over lanes, normalises all lanes' channels in one call whose
    rounding depends on how many there are, and then a run would depend on who is trained beside it.

    Shape: (batch, channel, ...) -> the same.
    """

    mean: Tensor
    var: Tensor

    def __init__(self, channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        x = x.float()  # also where the products are in lower precision
        axes = [axis for axis in range(x.dim()) if axis != 1]
        shape = [-1 if axis == 1 else 1 for axis in range(x.dim())]
        mean, var = self.mean, self.var
        if self.training:
            mean = x.mean(axes)
            var = (x - mean.view(shape)).square().mean(axes)
            size = x.numel() // x.shape[1]
            with torch.no_grad():
                self.mean.copy_((1 - self.momentum) * self.mean + self.momentum * mean)
                self.var.copy_((1 - self.momentum) * self.var + self.momentum * var * size / max(1, size - 1))
        scaled = (x - mean.view(shape)) / (var.view(shape) + self.eps).sqrt()
        return scaled * self.weight.view(shape) + self.bias.view(shape)


def check_sizes(key: str, sizes: Sequence[Any], *, may_be_empty: bool) -> None:
    if (not may_be_empty and not sizes) or any(
        isinstance(size, bool) or not isinstance(size, int) or size < 1 for size in sizes
    ):
        least = "" if may_be_empty else "at least one "
        raise UserError(f"{key}={list(sizes)}: must be a list of {least}layer sizes, each a whole number of at least 1")
