"""Activations by name.

torch's own sigmoid, SiLU, GELU and ELU round differently in the vectorised body of a loop and in its tail, so that a
lane's bits would depend on where it lies in memory. Here they are written out in functions that do not: tanh, erf and
expm1.
"""

from collections.abc import Callable, Mapping
from math import sqrt
from typing import Literal

import torch
from torch import Tensor, nn


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


def selu(x: Tensor) -> Tensor:
    """An ELU whose scale keeps mean 0 and variance 1 (Klambauer et al., NeurIPS 2017, arXiv:1706.02515)"""
    return SELU_SCALE * (torch.relu(x) + SELU_ALPHA * torch.expm1(x.clamp(max=0)))


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


ActivationName = Literal["relu", "selu", "gelu", "silu", "tanh", "sigmoid", "leaky_relu", "elu"]
"""The activations, as `model.activation` names them."""

ACTIVATIONS: Mapping[ActivationName, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "selu": selu,
    "leaky_relu": nn.functional.leaky_relu,
    "elu": elu,
    "gelu": gelu,
    "silu": silu,
    "sigmoid": sigmoid,
    "tanh": torch.tanh,
}


def initialized(layer: nn.Linear | nn.Conv2d, activation: ActivationName) -> nn.Linear | nn.Conv2d:
    """The layer with the initial weights that a network of this activation needs: LeCun's for SELU, else torch's."""
    if activation == "selu":
        nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="linear")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return layer


class Activation(nn.Module):
    """The function `name`, elementwise."""

    def __init__(self, name: ActivationName) -> None:
        super().__init__()
        self.name = name
        self._function = ACTIVATIONS[name]

    def forward(self, x: Tensor) -> Tensor:
        return self._function(x)
