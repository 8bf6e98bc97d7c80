"""torch.nn.utils.parametrizations.weight_norm written out: torch's own function has no batching rule."""

import torch
from torch import Tensor, nn

from dropout_lab.core.torch_private import WeightNorm


class WrittenOut(WeightNorm):
    """The same numbers: g v / |v|, Salimans & Kingma, NeurIPS 2016, arXiv:1602.07868, equation 2."""

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        dim = self.dim % weight_v.dim() if self.dim >= 0 else None
        axes = [axis for axis in range(weight_v.dim()) if axis != dim]
        weight: Tensor = weight_v * (weight_g / torch.linalg.vector_norm(weight_v, dim=axes, keepdim=True))
        return weight


def write_out(network: nn.Module) -> None:
    """Replace torch's weight norms in a network by those that are written out."""
    for module in network.modules():
        if type(module) is WeightNorm:
            module.__class__ = WrittenOut
