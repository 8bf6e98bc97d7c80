"""From how many values a model's batch norms take their statistics."""

from typing import Any

import torch
from torch import Tensor, nn

from dropout_lab.core.torch_private import TorchBatchNorm
from dropout_lab.models.layers import BatchNorm


def fewest_values(model: nn.Module, example: Tensor) -> int | None:
    """The fewest values of a channel that one example, (1, ...), gives a batch norm; None if it meets no batch norm."""
    found: list[int] = []

    def count(module: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        (values,) = (*given, *named.values())
        found.append(values.numel() // values.shape[1])

    hooks = [
        module.register_forward_pre_hook(count, with_kwargs=True)
        for module in model.modules()
        if isinstance(module, BatchNorm | TorchBatchNorm)
    ]
    if hooks:
        with torch.no_grad():
            model(example)
    for hook in hooks:
        hook.remove()
    return min(found, default=None)
