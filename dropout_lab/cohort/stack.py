"""A model's parameters as one flat vector, so that a lane is one row of a matrix."""

from collections.abc import Mapping
from math import prod

import torch
from torch import Tensor, nn

ALIGNMENT = 16
"""Each parameter starts at a multiple of this many elements: 64 bytes of float32, a cache line."""


class Layout:
    """Where each parameter of a model lies in its flat vector of `size` elements."""

    def __init__(self, model: nn.Module) -> None:
        self.shapes = {name: param.shape for name, param in model.named_parameters()}
        self.starts: dict[str, int] = {}
        self.size = 0
        for name, shape in self.shapes.items():
            self.starts[name] = self.size
            self.size += -(-prod(shape) // ALIGNMENT) * ALIGNMENT

    def flatten(self, params: Mapping[str, Tensor]) -> Tensor:
        """Parameters by name -> (size,); the gaps between them are 0 and stay 0, their gradients being 0."""
        flat = torch.zeros(self.size)
        for name, start in self.starts.items():
            flat[start : start + params[name].numel()] = params[name].detach().flatten()
        return flat

    def unflatten(self, flat: Tensor) -> dict[str, Tensor]:
        """(size,) -> views by name. One split, whose gradient is one concatenation: slices would each fill a vector."""
        parts = torch.split(flat, [-(-prod(shape) // ALIGNMENT) * ALIGNMENT for shape in self.shapes.values()])
        return {
            name: part[: prod(shape)].view(shape)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }
