"""Alpha dropout: dropped units get SELU's lowest value, and all are scaled and shifted to keep mean 0 and variance 1.

    y = a (x [u >= r] + alpha' [u < r]) + b,   u ~ U[0, 1) for every unit of every example
    a = ((1 - r)(1 + r alpha'^2))^(-1/2),   b = -a r alpha',   alpha' = -1.7580993408473766

Klambauer, Unterthiner, Mayr and Hochreiter, NeurIPS 2017, arXiv:1706.02515. It keeps mean and variance only for values
that have mean 0 and variance 1: directly behind SELU in a stack of linear layers with its initialisation, behind a norm
and SELU, or at a standardized input.

Mean and variance are taken over values and masks. For a single value x, the mean over masks is a (1 - r) x, which is
nearer to 0 than in evaluation, where the value is x: at rate 0.1 it is 0.83 x.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.info import STEPWISE, SiteInfo
from dropout_lab.sites.method import AbstractValueDropout
from dropout_lab.sites.requirements import Requirements

LOWEST = -1.7580993408473766
"""SELU's limit at minus infinity: -1.0507009873554805 * 1.6732632423543772."""


class Alpha(AbstractValueDropout):
    requirements = Requirements(STEPWISE)

    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        keep = noise.uniform(self._mask(x.shape)) >= rate
        scale = ((1 - rate) * (1 + rate * LOWEST**2)) ** -0.5
        return (torch.where(keep, x, LOWEST) * scale - scale * rate * LOWEST).to(x.dtype)

    def objection(self, info: SiteInfo) -> str | None:
        if info.is_input or info.activation == "selu":
            return None
        here = info.activation or (f"what {info.source.__name__} gives" if info.source else "a sum")
        return (
            f"it keeps mean and variance only of what SELU gives, or of the input, and here is {here}: take"
            " model.activation=selu with model.site_order=after, and sites directly behind an activation"
        )

    def advice(self, info: SiteInfo, rate: float) -> str | None:
        if not info.drifts:
            return None
        return (
            "it keeps mean 0 and variance 1, which linear layers with SELU have, but not convolutions, poolings and"
            " sums without a norm: take model.norm=batch, or an MLP"
        )

    def _mask(self, shape: Sequence[int]) -> Sequence[int]:
        return shape
