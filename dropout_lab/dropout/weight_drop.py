"""WeightDrop: single weights between the steps of a recurrent layer are zeroed, the same ones at all steps.

    training: y_t = (W * M / (1 - r)) h_t + b,   every entry of M is 1 with probability 1 - r, else 0

Merity, Keskar and Socher, "Regularizing and Optimizing LSTM Language Models", ICLR 2018, arXiv:1708.02182, section 2:
DropConnect on the hidden-to-hidden weights, one mask for a whole batch and all its steps, scaled in training.

For the product of one step, the mean over masks is that of evaluation. A value that passes through a weight T times
passes through one mask T times: the mean of its contribution is (1 - r)^(1 - T) times that of evaluation, as far as the
state is not squashed.
"""

from collections.abc import Sequence
from typing import cast

import torch.nn.functional as F
from torch import Tensor, nn

from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.method import AbstractDropout, Step
from dropout_lab.sites.reader import Reader
from dropout_lab.sites.requirements import Requirements


class WeightDrop(AbstractDropout):
    requirements = Requirements(frozenset({"state"}))

    def train_reader(self, reader: Reader, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        return self.train_steps(reader, rate, noise, 1)[0](x)

    def train_steps(self, reader: Reader, rate: Tensor, noise: Noise, count: int) -> Sequence[Step]:
        layer = cast(nn.Linear, reader.layer)
        weight = layer.weight * ((noise.uniform(layer.weight.shape) >= rate).float() / (1 - rate))

        def step(x: Tensor) -> Tensor:
            return cast(Tensor, reader.activation(F.linear(x, weight, layer.bias)))

        return [step] * count

    def evaluate_reader(self, reader: Reader, x: Tensor, rate: Tensor) -> Tensor:
        y: Tensor = reader(x)
        return y
