"""A convolution for lanes: large ones are computed lane by lane, small ones all at once."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.grad import conv2d_input, conv2d_weight
from torch.overrides import handle_torch_function, has_torch_function

LARGE = 1 << 18
"""Numbers in one lane's output. Lifted by vmap, a convolution is a grouped one, which the library computes quickly only
where a group has few numbers: of 32 channels from one, on 64 images of 28 x 28, it takes 20 times as long as one lane
after another; on images of 8 x 8 it takes less."""


class Conv2d(nn.Conv2d):
    """nn.Conv2d, with its batching rule chosen by size. Zero padding and one group only."""

    def forward(self, x: Tensor) -> Tensor:
        return convolution(x, self.weight, self.bias, self.stride, self.padding)


def convolution(x: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any) -> Tensor:
    """As F.conv2d; a function of its own, so that a mode which casts products (torch.overrides) sees it."""
    if has_torch_function((x, weight, bias)):
        y: Tensor = handle_torch_function(convolution, (x, weight, bias), x, weight, bias, stride, padding)
    else:
        y = _Convolution.apply(x, weight, bias, stride, padding)  # type: ignore[no-untyped-call]
    return y


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor, stride: Any, padding: Any) -> Tensor:
        return F.conv2d(x, weight, bias, stride, padding)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
        x, weight, _, ctx.stride, ctx.padding = inputs
        ctx.save_for_backward(x, weight)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        x, weight = ctx.saved_tensors
        ways = ctx.stride, ctx.padding
        of_x = conv2d_input(x.shape, weight, grad, *ways)  # type: ignore[no-untyped-call]
        of_weight = conv2d_weight(x, weight.shape, grad, *ways)  # type: ignore[no-untyped-call]
        return of_x, of_weight, grad.sum((0, 2, 3)), None, None

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor, weight: Tensor, bias: Tensor, stride: Any, padding: Any) -> Any:
        if in_dims[1] is None and in_dims[2] is None:  # lifted over examples, which share the kernel: one large batch
            one = _Convolution.apply(x.movedim(in_dims[0], 0).flatten(0, 1), weight, bias, stride, padding)  # type: ignore[no-untyped-call]
            return one.unflatten(0, (info.batch_size, -1)), 0
        lanes = [
            value.movedim(axis, 0) if axis is not None else value.expand(info.batch_size, *value.shape)
            for value, axis in zip((x, weight, bias), in_dims, strict=False)
        ]
        x, weight, bias = lanes
        batch, channels, height, width = x.shape[1:]
        numbers = batch * weight.shape[1] * (height // stride[0]) * (width // stride[1])
        if numbers >= LARGE:
            each = zip(x.unbind(), weight.unbind(), bias.unbind(), strict=True)
            return torch.stack([F.conv2d(*one, stride, padding) for one in each]), 0
        groups = info.batch_size
        together = x.transpose(0, 1).reshape(batch, groups * channels, height, width)
        y = F.conv2d(together, weight.flatten(0, 1), bias.flatten(), stride, padding, groups=groups)
        return y.view(batch, groups, -1, *y.shape[2:]), 1
