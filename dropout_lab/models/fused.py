"""A whole LSTM layer in one call of torch's library, where nothing acts between its steps.

torch.lstm has no batching rule, so lanes are computed one after another.
"""

from typing import Any

import torch
from torch import Tensor
from torch.overrides import _len_torch_function_stack  # type: ignore[attr-defined]

from dropout_lab.models.cells import States


def can_fuse(x: Tensor) -> bool:
    """Whether the library's layer serves here: float32 on a processor, run as it is.

    A compiler fuses the steps that are written out itself, and modes that cast products must see them.
    """
    is_traced = torch._C._get_dispatch_mode(torch._C._TorchDispatchModeKey.PROXY) is not None
    return x.device.type == "cpu" and x.dtype == torch.float32 and not is_traced and _len_torch_function_stack() == 0


def lstm(x: Tensor, states: States, weights: tuple[Tensor, Tensor, Tensor, Tensor]) -> tuple[Tensor, States]:
    """x: (batch, steps, features); weights: as torch.nn.LSTM has them, of input and state, then both biases.

    Returns the outputs, (batch, steps, units), and the last states.
    """
    outputs, hidden, cell = _LSTM.apply(x, *states, *weights)  # type: ignore[no-untyped-call]
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


class _LSTM(torch.autograd.Function):
    """Only its batching rule is used with gradients: what it calls has its own."""

    @staticmethod
    def forward(*tensors: Tensor) -> Any:
        return _layer(*tensors)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        with torch.enable_grad():
            inputs = [tensor.detach().requires_grad_() for tensor in ctx.saved_tensors]
            outputs = _layer(*inputs)
        return torch.autograd.grad(outputs, inputs, grads)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *tensors: Tensor) -> Any:
        lanes = [
            tensor.unbind(axis) if axis is not None else [tensor] * info.batch_size
            for tensor, axis in zip(tensors, in_dims, strict=True)
        ]
        each = [_layer(*one) for one in zip(*lanes, strict=True)]
        return tuple(torch.stack(outputs) for outputs in zip(*each, strict=True)), (0, 0, 0)
