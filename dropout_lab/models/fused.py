"""A whole LSTM layer in one call of torch's library, where nothing acts between its steps.

torch.lstm has no batching rule, so lanes are computed one after another.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor

from dropout_lab.core.torch_private import is_batched, is_traced, is_transformed_by_vmap_alone
from dropout_lab.models.cells import States

_is_off: ContextVar[bool] = ContextVar("_is_off", default=False)


@contextmanager
def all_written_out() -> Iterator[None]:
    """Meanwhile no layer is fused, so that hooks see all its modules, and modes its products."""
    token = _is_off.set(True)
    try:
        yield
    finally:
        _is_off.reset(token)


def can_fuse(x: Tensor) -> bool:
    """Whether the library's layer serves here: float32 on a processor, run as it is.

    A compiler fuses the steps that are written out itself, modes that cast products must see them, and torch.func
    differentiates nothing else.
    """
    return (
        x.device.type == "cpu"
        and x.dtype == torch.float32
        and not (is_traced() or _is_off.get())
        and is_transformed_by_vmap_alone()
    )


def lstm(x: Tensor, states: States, weights: Sequence[Tensor]) -> tuple[Tensor, States]:
    """x: (batch, steps, features); weights: as torch.nn.LSTM has them, of input and state, then both biases.

    Returns the outputs, (batch, steps, units), and the last states.
    """
    given = x, *states, *weights
    layer: Any = _InLanes.apply if any(map(is_batched, given)) else _layer
    outputs, hidden, cell = layer(*given)
    return outputs, (hidden, cell)


def _layer(x: Tensor, hidden: Tensor, cell: Tensor, *weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    before = [hidden.unsqueeze(0), cell.unsqueeze(0)]
    outputs, hidden, cell = torch.lstm(
        x,
        before,
        list(weights),
        has_biases=True,
        num_layers=1,
        dropout=0.0,
        train=torch.is_grad_enabled(),
        bidirectional=False,
        batch_first=True,
    )
    return outputs, hidden[0], cell[0]


class _InLanes(torch.autograd.Function):
    """Made of nothing but a batching rule: what it calls has gradients of its own."""

    @staticmethod
    def forward(*tensors: Tensor) -> Any:
        raise NotImplementedError("only lanes are computed here")

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Nothing is kept."""

    @staticmethod
    def vmap(info: Any, in_dims: Any, *tensors: Tensor) -> Any:
        lanes = [
            tensor.unbind(axis) if axis is not None else [tensor] * info.batch_size
            for tensor, axis in zip(tensors, in_dims, strict=True)
        ]
        each = []
        for x, hidden, cell, *weights in zip(*lanes, strict=True):
            outputs, states = lstm(x, (hidden, cell), weights)
            each.append((outputs, *states))
        return tuple(torch.stack(results) for results in zip(*each, strict=True)), (0, 0, 0)
