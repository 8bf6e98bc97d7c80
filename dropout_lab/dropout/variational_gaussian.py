"""Variational Gaussian dropout: Gaussian noise on weights, whose variance is learned per site or per unit.

    y ~ N(W x + b, sum over inputs i of alpha_i W_i^2 x_i^2),   drawn for every output of every example
    alpha = alpha_0 exp(speed v),   alpha_0 = rate / (1 - rate),   v: trained, initially 0; alpha is at most 1
    penalty: the sum over weights of KL(alpha) / N
    KL(alpha) = -(log alpha / 2 + c1 alpha + c2 alpha^2 + c3 alpha^3),   (c1, c2, c3) = (1.1615, -1.5020, 0.5863)

Kingma, Salimans and Welling, "Variational Dropout and the Local Reparameterization Trick", NeurIPS 2015,
arXiv:1506.02557, with their polynomial. It is valid up to alpha = 1, which caps alpha as in the paper: a larger learned
alpha is reflected to 1 / alpha. Rates from 0.5 on begin at the cap. Evaluation uses the mean.
"""

from typing import Literal

import torch
from torch import Tensor

from dropout_lab.config.bounds import NonNegative
from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout import product
from dropout_lab.sites.info import STEPWISE, SiteInfo
from dropout_lab.sites.method import AbstractLearnedDropout, Training
from dropout_lab.sites.reader import Reader
from dropout_lab.sites.requirements import Requirements

C1, C2, C3 = 1.16145124, -1.50204118, 0.58629921


class VariationalGaussian(AbstractLearnedDropout):
    """per: `site`, or `unit` (a channel is one). speed: see above."""

    requirements = Requirements(STEPWISE, own_program=True)

    def __init__(self, per: Literal["site", "unit"], speed: NonNegative) -> None:
        self._per_unit, self._speed = per == "unit", speed

    def initial(self, reader: Reader) -> dict[str, Tensor]:
        units = product.weight_of(reader).shape[1]
        return {"offset": torch.zeros(units if self._per_unit else 1)}

    def train_reader(self, reader: Reader, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        pixels = [1] * (x.dim() - 2) if reader.kind == "units" else []  # in a sequence, the units are the last axis
        deviation = self._deviation(reader, rate).view(-1, *pixels)
        weights = product.weight_of(reader).square()
        y: Tensor = reader.activation(product.with_noise(reader.layer, x, x * deviation, weights, noise))
        return y

    def evaluate_reader(self, reader: Reader, x: Tensor, rate: Tensor) -> Tensor:
        y: Tensor = reader(x)
        return y

    def penalty(self, info: SiteInfo, reader: Reader, rate: Tensor, training: Training) -> Tensor:
        divergence = kl(self._deviation(reader, rate).square().clamp(min=1e-8))
        weights = product.weight_of(reader).numel() / divergence.numel()
        return torch.where(rate > 0, divergence.sum() * (weights / training.examples), 0.0)

    def measured(self, reader: Reader, rate: Tensor) -> dict[str, Tensor]:
        """The mean rate of the site's units."""
        alpha = self._deviation(reader, rate).square()
        return {"rate": (alpha / (1 + alpha)).mean()}

    def objection(self, info: SiteInfo) -> str | None:
        return product.objection(info)

    def _deviation(self, reader: Reader, rate: Tensor) -> Tensor:
        """sqrt(alpha), for the site or for each unit."""
        offset: Tensor = reader.learned["offset"]
        begun = (rate / (1 - rate)).clamp(max=1).sqrt() * torch.exp(0.5 * self._speed * offset)
        return torch.where(begun <= 1, begun, 1 / begun.clamp(min=1))


def kl(alpha: Tensor) -> Tensor:
    """KL of N(w, alpha w^2) and the log-uniform prior, up to a constant."""
    return -(0.5 * torch.log(alpha) + C1 * alpha + C2 * alpha.square() + C3 * alpha * alpha.square())
