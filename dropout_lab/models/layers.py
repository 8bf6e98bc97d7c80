"""What the models share: activations by name, and the check of a list of layer sizes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import nn

from dropout_lab.errors import UserError

ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
}


def activation(name: str) -> nn.Module:
    if name not in ACTIVATIONS:
        raise UserError(f"model.activation={name}: unknown; allowed: {', '.join(sorted(ACTIVATIONS))}")
    return ACTIVATIONS[name]()


def check_sizes(key: str, sizes: Sequence[Any], *, may_be_empty: bool) -> None:
    if (not may_be_empty and not sizes) or any(
        isinstance(size, bool) or not isinstance(size, int) or size < 1 for size in sizes
    ):
        least = "" if may_be_empty else "at least one "
        raise UserError(f"{key}={list(sizes)}: must be a list of {least}layer sizes, each a whole number of at least 1")
