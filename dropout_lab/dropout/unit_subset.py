"""A subset of a layer's units, and the product of a layer restricted to subsets of its inputs and outputs."""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function

from dropout_lab.core.mask_streams import Noise


class UnitSubset(NamedTuple):
    """Some of a layer's units."""

    units: Tensor
    """(count,) int64: their numbers, rising."""
    position: Tensor
    """(all units,) int64: a unit's position in `units`; of a unit that is not among them, any valid position."""
    indicator: Tensor
    """(all units,): 1 for the units of the subset, 0 for the others."""

    @classmethod
    def draw(cls, count: int, units: int, noise: Noise) -> "UnitSubset":
        """Exactly `count` of the `units`; all such subsets are equally likely."""
        drawn = noise.uniform((units,)).argsort()[:count].sort().values
        indicator = torch.zeros(units, device=drawn.device).scatter(0, drawn, torch.ones(count, device=drawn.device))
        return cls(drawn, (indicator.long().cumsum(0) - 1).clamp(min=0), indicator)


def linear(x: Tensor, weight: Tensor, bias: Tensor, inputs: UnitSubset | None, outputs: UnitSubset | None) -> Tensor:
    """F.linear restricted to subsets of the inputs and outputs; None is all of them.

    x: (batch, inputs of the subset); weight and bias: those of all units; returns (batch, outputs of the subset).
    A mode that casts products (torch.overrides) sees this function as one product.
    """
    if has_torch_function((x, weight, bias)):
        y: Tensor = handle_torch_function(linear, (x, weight, bias), x, weight, bias, inputs, outputs)
        return y
    nothing = (None, None, None)
    product: Tensor = _Product.apply(x, weight, *(inputs or nothing), *(outputs or nothing))  # type: ignore[no-untyped-call]
    return product + take(bias, 0, outputs)


def take(x: Tensor, axis: int, subset: UnitSubset | None) -> Tensor:
    """`x` at the units of the subset along `axis`; None is all units."""
    return x if subset is None else _Take.apply(x, axis, *subset)  # type: ignore[no-untyped-call]


def _spread(x: Tensor, axis: int, position: Tensor | None, indicator: Tensor | None) -> Tensor:
    """The inverse of `take`: zero at the units outside the subset.

    Each unit looks up its value. Torch's own gradient of a selection fills a tensor with zeros and adds one number
    after another, which takes longer than the products of large matrices.
    """
    if position is None or indicator is None:
        return x
    shape = [1] * x.dim()
    shape[axis] = -1
    return x.index_select(axis, position) * indicator.to(x.dtype).view(shape)


class _Take(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, axis: int, units: Tensor, position: Tensor, indicator: Tensor) -> Tensor:
        return x.index_select(axis, units)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
        _, ctx.axis, _, position, indicator = inputs
        ctx.save_for_backward(position, indicator)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        return _spread(grad, ctx.axis, *ctx.saved_tensors), None, None, None, None


class _Product(torch.autograd.Function):
    """The product without the bias.

    The weights' gradient is computed for all outputs of the subset's inputs, although many are zeros: looking up whole
    rows is a copy, while looking up single numbers takes longer than computing the zeros.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(
        x: Tensor,
        weight: Tensor,
        inputs: Tensor | None,
        in_position: Tensor | None,
        in_indicator: Tensor | None,
        outputs: Tensor | None,
        out_position: Tensor | None,
        out_indicator: Tensor | None,
    ) -> Tensor:
        return F.linear(x, _block(weight, inputs, outputs))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        x, weight, inputs, in_position, in_indicator, outputs, out_position, out_indicator = ctx.saved_tensors
        of_x = grad @ _block(weight, inputs, outputs)
        rows = x.t() @ _spread(grad, 1, out_position, out_indicator)  # (inputs of the subset, all outputs)
        return of_x, _spread(rows, 0, in_position, in_indicator).t(), None, None, None, None, None, None


def _block(weight: Tensor, inputs: Tensor | None, outputs: Tensor | None) -> Tensor:
    if inputs is not None:
        weight = weight.index_select(1, inputs)
    return weight if outputs is None else weight.index_select(0, outputs)
