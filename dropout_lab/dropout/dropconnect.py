"""DropConnect: single weights of the layer that reads from the site are zeroed with probability `rate`.

    training: y = (M * W) x + M' * b,   every entry of M and M' is 1 with probability 1 - r, else 0

Wan, Zeiler, Zhang, LeCun and Fergus, "Regularization of Neural Networks using DropConnect", ICML 2013, PMLR
28(3):1058-1066, sections 2 and 3.1: fully connected layers, a mask for every example, masked biases. Evaluation depends
on `inference`:

    mean       y = (1 - r)(W x + b), the mean over masks
    sampling   the mean of the activation a(u) over samples of u ~ N(m, s^2), where m is the mean above and
               s^2 = r (1 - r)(W^2 x^2 + b^2), as in the paper
    gaussian   E[relu(u)] of this u in closed form, m Phi(m / s) + s phi(m / s)

Where no activation directly follows the layer, all three are E[u] = m, and nothing is sampled.
"""

import math
from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dropout_lab.config.bounds import Count
from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractDropout
from dropout_lab.sites.reader import Reader
from dropout_lab.sites.requirements import Requirements

PARTS = 20
"""Parts in which the samples are summed; each is written out in a compiled program."""

SQRT_2, SQRT_2_PI = math.sqrt(2), math.sqrt(2 * math.pi)


class DropConnect(AbstractDropout):
    """mask_per: `example`, as in the paper, or `batch`, which costs less and has noisier gradients.

    samples: draws of each unit in the inference `sampling`. They are the same for every example and evaluation, so an
    example's output depends neither on its batch nor on its position there.
    """

    requirements = Requirements(own_program=True)

    def __init__(
        self,
        mask_per: Literal["example", "batch"],
        inference: Literal["mean", "gaussian", "sampling"],
        samples: Count,
    ) -> None:
        self._per_example, self._inference, self._samples = mask_per == "example", inference, samples

    def train_reader(self, reader: Reader, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        layer = cast(nn.Linear, reader.layer)
        masks = (x.shape[0],) if self._per_example else ()
        weight = layer.weight * (noise.uniform((*masks, *layer.weight.shape)) >= rate).to(x.dtype)
        bias = layer.bias * (noise.stream(1).uniform((*masks, *layer.bias.shape)) >= rate).to(x.dtype)
        y = torch.matmul(weight, x.unsqueeze(-1)).squeeze(-1) + bias if self._per_example else F.linear(x, weight, bias)
        return cast(Tensor, reader.activation(y))

    def evaluate_reader(self, reader: Reader, x: Tensor, rate: Tensor) -> Tensor:
        layer = cast(nn.Linear, reader.layer)
        mean = (1 - rate).to(x.dtype) * layer(x)
        if self._inference == "mean" or isinstance(reader.activation, nn.Identity):
            return cast(Tensor, reader.activation(mean))
        variance = rate * (1 - rate) * F.linear(x.square(), layer.weight.square(), layer.bias.square())
        deviation = variance.clamp(min=0).sqrt()
        if self._inference == "gaussian":
            return _rectified_mean(mean, deviation)
        # A stream of the key of zeros; the numbers of that key itself begin with a 0.
        noise = Noise(torch.zeros(2, dtype=torch.int32, device=x.device)).stream(1)
        total = torch.zeros_like(mean)
        # All samples at once would take samples x examples x units of memory.
        for drawn in noise.normal((self._samples, mean.shape[-1])).chunk(PARTS):
            total = total + reader.activation(mean + deviation * drawn.unsqueeze(1)).sum(0)
        return total / self._samples

    def objection(self, info: SiteInfo) -> str | None:
        if info.reader is not nn.Linear:
            return "it drops weights of a fully connected layer, and none reads from here alone"
        if self._inference == "gaussian" and info.next_activation not in (None, "relu"):
            return f"the mean of {info.next_activation} has no closed form: take dropout.inference=sampling, or mean"
        return None


def _rectified_mean(mean: Tensor, deviation: Tensor) -> Tensor:
    """E[relu(u)] for u ~ N(mean, deviation^2); relu(mean) where the deviation is 0."""
    ratio = mean / deviation.clamp(min=1e-12)
    below = 0.5 * (1 + torch.erf(ratio / SQRT_2))
    density = torch.exp(-0.5 * ratio.square()) / SQRT_2_PI
    return torch.where(deviation > 0, mean * below + deviation * density, torch.relu(mean))
