"""Concrete dropout: standard dropout whose rate is learned at every site, by gradients through a smoothed mask.

    y = x (1 - d) / (1 - p),   d = sigmoid((logit p + logit u) / T),   u ~ U(0, 1) for every unit of every example
    p = sigmoid(logit rate + speed v),   v: one trained number per site, initially 0
    penalty: (a ||W||^2 / (1 - p) - b K H(p)) / N,   H(p) = -p log p - (1 - p) log(1 - p)

W: the weights of the layer that reads, if a single layer does; K: units of the site; N: training examples. On maps,
whole channels are dropped (u for every channel of every example), and K counts channels. In a sequence, u is drawn for
every unit at every step, and all steps share p. Gal, Hron and Kendall, "Concrete Dropout", NeurIPS 2017,
arXiv:1705.07832: a = l^2 / tau, and b = 1 for cross-entropy or 2 / tau for a squared error; T = 0.1, or 2/3 on maps, as
in their code.

The authors average over masks in evaluation (as trainer.mc_samples does); here evaluation is the identity, so that it
is deterministic and comparable with other methods. The mean of a smoothed mask is not exactly 1 - p: at T = 0.1,
training has 0.998 to 1.008 times the mean of evaluation for p up to 0.8; at T = 2/3, 0.94 times for p = 0.2 and 1.24
times for p = 0.8. `rate` is the initial p. More data reduce the weight of the penalty, and p falls.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from dropout_lab.config.bounds import NonNegative, Positive
from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout.advice import all_of, only_channel
from dropout_lab.dropout.arithmetic import logit, sigmoid
from dropout_lab.sites.info import STEPWISE, SiteInfo
from dropout_lab.sites.method import AbstractLearnedDropout, Training
from dropout_lab.sites.reader import Reader
from dropout_lab.sites.requirements import Requirements

HALF_STEP = 2.0**-25
"""Half of the uniform numbers' step, by which they are kept above 0 and below 1."""


class Concrete(AbstractLearnedDropout):
    """temperature: T; None is 0.1, on maps 2/3. weight_regularizer: a. dropout_regularizer: b. speed: see above."""

    requirements = Requirements(STEPWISE)

    def __init__(
        self,
        temperature: Positive | None,
        weight_regularizer: NonNegative,
        dropout_regularizer: NonNegative,
        speed: NonNegative,
    ) -> None:
        self._temperature, self._speed = temperature, speed
        self._weights, self._entropy = weight_regularizer, dropout_regularizer

    def initial(self, reader: Reader) -> Mapping[str, Tensor]:
        return {"offset": torch.zeros(())}

    def train_reader(self, reader: Reader, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        chance, is_map = self._logit(reader, rate), reader.kind == "units" and x.dim() > 2
        temperature = self._temperature or (2 / 3 if is_map else 0.1)
        u = noise.uniform((*x.shape[:2], *[1] * (x.dim() - 2)) if is_map else x.shape)
        # 1 - u is computed first: u + HALF_STEP would be rounded to 1 at the upper end.
        odds = torch.log(u + HALF_STEP) - torch.log((1 - u) - HALF_STEP)
        kept = sigmoid(-(chance + odds) / temperature)
        y: Tensor = reader(x * (kept / _kept(chance)).to(x.dtype))
        return y

    def evaluate_reader(self, reader: Reader, x: Tensor, rate: Tensor) -> Tensor:
        y: Tensor = reader(x)
        return y

    def penalty(self, info: SiteInfo, reader: Reader, rate: Tensor, training: Training) -> Tensor:
        chance = self._logit(reader, rate)
        p, kept = sigmoid(chance), _kept(chance)
        negentropy = p * torch.log(p.clamp(min=1e-7)) + kept * torch.log(kept)
        total = self._entropy * info.shape[-1 if info.kind == "sequence" else 0] * negentropy
        if isinstance(reader.layer, nn.Linear | nn.Conv2d):
            total = total + self._weights * reader.layer.weight.square().sum() / kept
        return torch.where(rate > 0, total / training.examples, 0.0)

    def measured(self, reader: Reader, rate: Tensor) -> Mapping[str, Tensor]:
        return {"rate": sigmoid(self._logit(reader, rate))}

    def advice(self, info: SiteInfo, rate: float) -> str | None:
        return all_of(only_channel(info) if info.is_map else None, super().advice(info, rate))

    def _logit(self, reader: Reader, rate: Tensor) -> Tensor:
        offset: Tensor = reader.learned["offset"]
        return logit(rate) + self._speed * offset


def _kept(chance: Tensor) -> Tensor:
    return sigmoid(-chance).clamp(min=1e-7)
