"""Weight norms of torch written out: torch's own function has no batching rule."""

import torch
from torch import Tensor, nn
from torch.nn.utils.weight_norm import WeightNorm as Hook

from dropout_lab.core.torch_private import WeightNorm


class WrittenOut(WeightNorm):
    """torch.nn.utils.parametrizations.weight_norm."""

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return _normed(weight_g, weight_v, self.dim)


class WrittenOutHook(Hook):
    """The older torch.nn.utils.weight_norm, a hook that sets the weight before each forward."""

    def compute_weight(self, module: nn.Module) -> Tensor:
        return _normed(getattr(module, f"{self.name}_g"), getattr(module, f"{self.name}_v"), self.dim)


def _normed(weight_g: Tensor, weight_v: Tensor, dim: int) -> Tensor:
    """g v / |v|, Salimans & Kingma, NeurIPS 2016, arXiv:1602.07868, equation 2; dim -1: one norm for all."""
    kept = dim % weight_v.dim() if dim >= 0 else None
    axes = [axis for axis in range(weight_v.dim()) if axis != kept]
    weight: Tensor = weight_v * (weight_g / torch.linalg.vector_norm(weight_v, dim=axes, keepdim=True))
    return weight


def write_out(network: nn.Module) -> None:
    """Replace torch's weight norms in a network by those that are written out.

    What hooks such as those of the older weight_norm and spectral_norm have computed loses its graph: they compute it
    again before each forward, and a network with a graph cannot be copied.
    """
    for module in network.modules():
        if type(module) is WeightNorm:
            module.__class__ = WrittenOut
        for hook in module._forward_pre_hooks.values():
            if type(hook) is Hook:
                hook.__class__ = WrittenOutHook
        for name, value in vars(module).items():
            if isinstance(value, Tensor) and value.grad_fn is not None:
                module.__dict__[name] = value.detach()
