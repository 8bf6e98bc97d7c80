"""A product of matrices of which some rows and columns are left out, and its gradient."""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function

from dropout_lab.core.noise import Noise


class Kept(NamedTuple):
    """Which units of a layer are kept."""

    units: Tensor
    """(count,) int64, in rising order."""
    place: Tensor
    """(units,) int64: where a unit stands among those that are kept; of one that is not kept, any of these places."""
    share: Tensor
    """(units,): 1 or 0."""

    @classmethod
    def draw(cls, count: int, units: int, noise: Noise) -> "Kept":
        """Exactly `count` of so many units, each set of them as likely as any other."""
        kept = noise.uniform((units,)).argsort()[:count].sort().values
        share = torch.zeros(units, device=kept.device).scatter(0, kept, torch.ones(count, device=kept.device))
        return cls(kept, (share.long().cumsum(0) - 1).clamp(min=0), share)


def linear(x: Tensor, weight: Tensor, bias: Tensor, inputs: Kept | None, outputs: Kept | None) -> Tensor:
    """As F.linear, of the kept inputs and outputs alone; None keeps all.

    x: (batch, kept inputs); weight and bias: of all units; returns (batch, kept outputs). A function of its own, so
    that a mode which casts products (torch.overrides) sees it.
    """
    if has_torch_function((x, weight, bias)):
        y: Tensor = handle_torch_function(linear, (x, weight, bias), x, weight, bias, inputs, outputs)
        return y
    nothing = (None, None, None)
    product: Tensor = _Product.apply(x, weight, *(inputs or nothing), *(outputs or nothing))  # type: ignore[no-untyped-call]
    return product + take(bias, 0, outputs)


def take(x: Tensor, axis: int, kept: Kept | None) -> Tensor:
    """`x` at the kept units of an axis."""
    return x if kept is None else _Take.apply(x, axis, *kept)  # type: ignore[no-untyped-call]


def _spread(x: Tensor, axis: int, place: Tensor | None, share: Tensor | None) -> Tensor:
    """What is at the kept units, at all units of the axis; zero at the others.

    Each place looks up what belongs there. Torch's own gradient of a selection fills a tensor with zeros and adds to
    it one number after another, which at large matrices takes longer than the products.
    """
    if place is None or share is None:
        return x
    shape = [1] * x.dim()
    shape[axis] = -1
    return x.index_select(axis, place) * share.to(x.dtype).view(shape)


class _Take(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, axis: int, units: Tensor, place: Tensor, share: Tensor) -> Tensor:
        return x.index_select(axis, units)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
        _, ctx.axis, _, place, share = inputs
        ctx.save_for_backward(place, share)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        return _spread(grad, ctx.axis, *ctx.saved_tensors), None, None, None, None


class _Product(torch.autograd.Function):
    """The weights' gradient is computed for all outputs of the kept inputs, half of it zeros: to look up whole rows of
    it is copying, single numbers take longer than the zeros."""

    generate_vmap_rule = True

    @staticmethod
    def forward(
        x: Tensor,
        weight: Tensor,
        inputs: Tensor | None,
        in_place: Tensor | None,
        in_share: Tensor | None,
        outputs: Tensor | None,
        out_place: Tensor | None,
        out_share: Tensor | None,
    ) -> Tensor:
        return F.linear(x, _block(weight, inputs, outputs))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        x, weight, inputs, in_place, in_share, outputs, out_place, out_share = ctx.saved_tensors
        of_x = grad @ _block(weight, inputs, outputs)
        rows = x.t() @ _spread(grad, 1, out_place, out_share)  # (kept inputs, outputs)
        return of_x, _spread(rows, 0, in_place, in_share).t(), None, None, None, None, None, None


def _block(weight: Tensor, inputs: Tensor | None, outputs: Tensor | None) -> Tensor:
    if inputs is not None:
        weight = weight.index_select(1, inputs)
    return weight if outputs is None else weight.index_select(0, outputs)
