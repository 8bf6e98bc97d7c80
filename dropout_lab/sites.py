"""Sites: the named places in a model where dropout may act, and the interface of what acts there."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from dropout_lab.noise import Noise


@dataclass(frozen=True)
class Place:
    """Where a site is, for a method to judge whether it can act there."""

    site: str
    shape: tuple[int, ...]
    """Of one example's values."""
    activation: str | None
    """By name, the last one that the values, or what they were computed from, went through; None at the input."""

    @property
    def is_map(self) -> bool:
        """Whether the values are channels of something, rather than one vector."""
        return len(self.shape) > 1


class AbstractDropout(ABC):
    """A dropout method: how a site drops.

    It is written for one run. `rate` is a tensor without dimensions, never a Python number: runs with different rates
    are trained as one program, so rate 0 must come out as the identity by arithmetic, not by a branch.
    """

    @abstractmethod
    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        """What the site gives for `x`, (batch, ...), in training mode."""

    def evaluate(self, x: Tensor, rate: Tensor) -> Tensor:
        """What the site gives for `x` in evaluation mode: the identity, unless a method scales there."""
        return x

    def objection(self, place: Place) -> str | None:
        """Why the method cannot act at a place, and where it can; None if it can."""
        return None


class Site(nn.Module):
    """A place where dropout may act: the identity until it is given a method.

    The rate and the noise key of the step are buffers, so that whoever trains the model can hand over those of each
    run from outside; the model itself never knows.
    """

    rate: Tensor
    key: Tensor

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.dropout: AbstractDropout | None = None
        self.register_buffer("rate", torch.zeros(()), persistent=False)
        self.register_buffer("key", torch.zeros(2, dtype=torch.int32), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.dropout is None:
            return x
        if self.training:
            return self.dropout.train(x, self.rate, Noise(self.key))
        return self.dropout.evaluate(x, self.rate)

    def extra_repr(self) -> str:
        return self.name


def sites(model: nn.Module) -> Mapping[str, str]:
    """The sites of a model, in the order of its modules: name -> path of the module.

    Raises ValueError if two sites have one name.
    """
    found: dict[str, str] = {}
    for path, module in model.named_modules():
        if isinstance(module, Site):
            if module.name in found:
                raise ValueError(f"two sites are named {module.name!r}: {found[module.name]} and {path}")
            found[module.name] = path
    return found


def install(model: nn.Module, dropout: AbstractDropout) -> None:
    """Gives every site of `model` the method `dropout`."""
    for path in sites(model).values():
        cast(Site, model.get_submodule(path)).dropout = dropout
