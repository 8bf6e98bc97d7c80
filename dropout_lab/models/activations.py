"""Activations by name.

torch's own sigmoid, SiLU, GELU and ELU round differently in the vectorised body of a loop and in its tail, so that a
lane's bits would depend on where it lies in memory. Here they are written out in functions that do not: tanh, erf and
expm1.
"""

from collections.abc import Callable, Mapping
from math import sqrt

import torch
from torch import Tensor, nn

from dropout_lab.errors import UserError


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x))"""
    return 0.5 + 0.5 * torch.tanh(0.5 * x)


def silu(x: Tensor) -> Tensor:
    """x sigmoid(x) (Elfwing, Uchibe & Doya, 2018, arXiv:1702.03118)"""
    return x * sigmoid(x)


def gelu(x: Tensor) -> Tensor:
    """x P(X < x), X standard normal (Hendrycks & Gimpel, 2016, arXiv:1606.08415)"""
    return 0.5 * x * (1 + torch.erf(x / sqrt(2)))


def elu(x: Tensor) -> Tensor:
    """x where it is positive, exp(x) - 1 elsewhere (Clevert, Unterthiner & Hochreiter, ICLR 2016, arXiv:1511.07289)"""
    return torch.relu(x) + torch.expm1(x.clamp(max=0))


ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "leaky_relu": nn.functional.leaky_relu,
    "elu": elu,
    "gelu": gelu,
    "silu": silu,
    "sigmoid": sigmoid,
    "tanh": torch.tanh,
}


class Activation(nn.Module):
    """The function `name`, elementwise. Raises UserError for an unknown name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        if name not in ACTIVATIONS:
            raise UserError(f"model.activation={name}: unknown; allowed: {', '.join(sorted(ACTIVATIONS))}")
        self._function = ACTIVATIONS[name]

    def forward(self, x: Tensor) -> Tensor:
        return self._function(x)
