"""Sparse variational dropout: every weight learns the variance of its noise, and mostly noisy weights are removed.

    y ~ N(W x + b, sum over inputs i of s_i^2 x_i^2),   drawn for every output of every example
    log s^2: trained for every weight, from log(rate / (1 - rate)) + log(mean of W^2 at the start)
    log alpha = log s^2 - log W^2, clipped to -8 and 8, in the noise as well: s^2 = alpha W^2
    penalty: the sum over weights of KL(alpha) / N, whose weight grows from 0 to 1 over the share `warm_up` of training
    KL(alpha) = k1 + log(1 + 1 / alpha) / 2 - k1 sigmoid(k2 + k3 log alpha),   k1, k2, k3 = 0.63576, 1.87320, 1.48695
    evaluation: y = W [log alpha < 3] x + b

Molchanov, Ashukha and Vetrov, "Variational Dropout Sparsifies Deep Neural Networks", ICML 2017, arXiv:1701.05369, with
their additive reparameterisation, divergence and threshold. They begin at log s^2 = -10, a rate of about 0.02 in a
layer of 128 inputs, so small rates are appropriate here. The share of removed weights is recorded.
"""

import torch
from torch import Tensor

from dropout_lab.config.bounds import Positive, Share
from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout import product
from dropout_lab.dropout.arithmetic import logit, sigmoid, softplus
from dropout_lab.sites.info import STEPWISE, SiteInfo
from dropout_lab.sites.method import AbstractLearnedDropout, Training
from dropout_lab.sites.reader import Reader
from dropout_lab.sites.requirements import Requirements

K1, K2, K3 = 0.63576, 1.87320, 1.48695
BOUND, THRESHOLD = 8.0, 3.0


class SparseVD(AbstractLearnedDropout):
    """warm_up: the share of the training in which the penalty grows. speed: a factor of the trained values."""

    requirements = Requirements(STEPWISE, own_program=True)

    def __init__(self, warm_up: Share, speed: Positive) -> None:
        self._warm_up, self._speed = warm_up, speed

    def initial(self, reader: Reader) -> dict[str, Tensor]:
        weight = product.weight_of(reader)
        return {"log_variance": torch.log(weight.square().mean()).expand(weight.shape) / self._speed}

    def train_reader(self, reader: Reader, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        alpha = torch.exp(self.log_alpha(reader, rate)) * (rate > 0)
        variance = alpha * product.weight_of(reader).square()
        y: Tensor = reader.activation(product.with_noise(reader.layer, x, x, variance, noise))
        return y

    def evaluate_reader(self, reader: Reader, x: Tensor, rate: Tensor) -> Tensor:
        kept = (self.log_alpha(reader, rate) < THRESHOLD) | (rate == 0)
        weight = product.weight_of(reader) * kept
        y: Tensor = reader.activation(product.applied(reader.layer, weight, x, biased=True))
        return y

    def penalty(self, info: SiteInfo, reader: Reader, rate: Tensor, training: Training) -> Tensor:
        share = (training.progress / max(self._warm_up, 1e-6)).clamp(max=1) if self._warm_up else 1.0
        total = kl(self.log_alpha(reader, rate)).sum() * share / training.examples
        return torch.where(rate > 0, total, 0.0)

    def measured(self, reader: Reader, rate: Tensor) -> dict[str, Tensor]:
        """The mean rate of the weights, and the share that evaluation removes."""
        found = self.log_alpha(reader, rate)
        return {"rate": sigmoid(found).mean(), "sparsity": (found >= THRESHOLD).float().mean()}

    def objection(self, info: SiteInfo) -> str | None:
        return product.objection(info)

    def log_alpha(self, reader: Reader, rate: Tensor) -> Tensor:
        """log alpha of every weight, clipped."""
        weight = product.weight_of(reader)
        learned: Tensor = reader.learned["log_variance"]
        variance = logit(rate) + self._speed * learned
        return (variance - torch.log(weight.square() + 1e-16)).clamp(-BOUND, BOUND)


def kl(log_alpha: Tensor) -> Tensor:
    """KL of N(w, alpha w^2) and the log-uniform prior, up to a constant: 0 where alpha is infinite."""
    return K1 + 0.5 * softplus(-log_alpha) - K1 * sigmoid(K2 + K3 * log_alpha)
