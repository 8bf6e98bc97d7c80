"""Alpha dropout: units are set to SELU's lowest value, and all are scaled and shifted to keep mean 0 and variance 1.

    y = a (x [u >= r] + alpha' [u < r]) + b,   u ~ U[0, 1) for every unit of every example
    a = ((1 - r)(1 + r alpha'^2))^(-1/2),   b = -a r alpha',   alpha' = -1.7580993408473766

Klambauer, Unterthiner, Mayr and Hochreiter, NeurIPS 2017, arXiv:1706.02515. It keeps mean and variance only of values
that have mean 0 and variance 1: behind SELU with its initialisation, or at a standardized input.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from dropout_lab.noise import Noise
from dropout_lab.sites import AbstractValueDropout, Place

LOWEST = -1.7580993408473766
"""SELU's limit at minus infinity: -1.0507009873554805 * 1.6732632423543772."""


class Alpha(AbstractValueDropout):
    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        keep = noise.uniform(self._mask(x.shape)) >= rate
        scale = ((1 - rate) * (1 + rate * LOWEST**2)) ** -0.5
        return (torch.where(keep, x, LOWEST) * scale - scale * rate * LOWEST).to(x.dtype)

    def objection(self, place: Place) -> str | None:
        if place.activation in (None, "selu"):
            return None
        return (
            f"it keeps mean and variance behind SELU only, and here is {place.activation}: take model.activation=selu"
        )

    def _mask(self, shape: Sequence[int]) -> Sequence[int]:
        return shape
