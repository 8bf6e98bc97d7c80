"""Standout: each unit is kept with a probability that grows with its own value before the activation.

    training:   y = z m,   m = [u >= 1 - pi],   u ~ U[0, 1) for every unit of every example
    evaluation: y = z pi
    pi = sigmoid(alpha z + logit(1 - rate)),   a constant in the gradient

Ba and Frey, "Adaptive dropout for training deep neural networks", NeurIPS 2013: a belief network whose weights are
those of the layer itself, times alpha. Their beta is logit(1 - rate) here: `rate` is the probability of dropping a unit
at z = 0, and units with large values are hardly dropped. Values are not scaled in training. It acts on the values that
a ReLU reads, where m f(z) = f(m z). z includes the layer's bias.

Disputed: a public re-implementation on MNIST found no gain over standard dropout (98.5 % and 98.7 % accuracy).
"""

import torch
from torch import Tensor

from dropout_lab.config.bounds import NonNegative
from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout.advice import all_of, pixel_by_pixel
from dropout_lab.dropout.arithmetic import logit, sigmoid
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractValueDropout
from dropout_lab.sites.requirements import Requirements

HOMOGENEOUS = ("relu", "leaky_relu")
"""Activations f with f(m z) = m f(z) for every m of at least 0."""


class Standout(AbstractValueDropout):
    """alpha: the influence of the value; at 0 this is classic dropout."""

    requirements = Requirements()

    def __init__(self, alpha: NonNegative) -> None:
        self._alpha = alpha

    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        return x * (noise.uniform(x.shape) >= self.chance(x, rate)).to(x.dtype)

    def evaluate(self, x: Tensor, rate: Tensor) -> Tensor:
        return x * (1 - self.chance(x, rate)).to(x.dtype)

    def chance(self, x: Tensor, rate: Tensor) -> Tensor:
        """1 - pi, the probability of dropping: of the shape of x; 0 at rate 0."""
        return torch.where(rate > 0, sigmoid(logit(rate) - self._alpha * x.detach()), 0.0)

    def objection(self, info: SiteInfo) -> str | None:
        if info.read_by in HOMOGENEOUS:
            return None
        return (
            "it acts on values that a relu or leaky_relu alone reads: take model.site_order=before, a norm before the"
            " site if any, and sites at hidden layers or convolutions"
        )

    def advice(self, info: SiteInfo, rate: float) -> str | None:
        return all_of(pixel_by_pixel(info), super().advice(info, rate))
