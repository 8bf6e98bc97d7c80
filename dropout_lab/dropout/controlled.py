"""Controlled dropout: exactly the share `rate` of a layer's units is dropped, the same ones for the whole batch.

    y = x[:, kept] n / k,   k = round(n (1 - r)) of n units, drawn without replacement for every batch
    classic: y = x[:, kept] in training,   x (1 - r) in evaluation

What is dropped is not computed: the products run over the kept columns of the layer that reads, and where the reader's
own units are dropped in the same way, over their kept rows alone: at rate 0.5 a quarter of the work between two hidden
layers. Ko, Kim, Oh and Choi, "Controlled Dropout: a Different Approach to Using Dropout on Deep Neural Network", IEEE
BigComp 2017, 358-362; they scale in evaluation. The optimizer passes over all weights as always.

The number of units is a shape, so runs of different rates are programs of their own.
"""

from typing import cast

import torch.nn.functional as F
from torch import Tensor, nn

from dropout_lab.errors import UserError
from dropout_lab.noise import Noise
from dropout_lab.sites import AbstractDropout, Place, Reader, Site


class Controlled(AbstractDropout):
    """rate: that of its site, given by the trainer. classic: scaled in evaluation, as in the paper."""

    needs_rate = True

    def __init__(self, classic: bool, rate: float = 0.0) -> None:
        if not 0 <= rate < 1:
            raise UserError(f"dropout.rate={rate}: must be at least 0 and below 1")
        self._classic, self._rate = classic, rate

    def count(self, units: int) -> int:
        """How many of so many units are kept; at least one."""
        return max(1, round(units * (1 - self._rate)))

    def kept(self, units: int, noise: Noise) -> Tensor:
        """Which units are kept, in rising order: (count,) int64."""
        return noise.uniform((units,)).argsort()[: self.count(units)].sort().values

    def train_reader(self, reader: Reader, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        layer = cast(nn.Linear, reader.layer)
        units = layer.in_features
        weight: Tensor = layer.weight
        bias: Tensor = layer.bias
        if self.count(units) < units:
            mine = self.kept(units, noise)
            weight = weight.index_select(1, mine)
            if x.shape[1] == units:  # else the reader before has computed the kept ones alone
                x = x.index_select(1, mine)
            if not self._classic:
                x = x * (units / len(mine))
        following = _controlled(reader.following)
        if following is not None and following.count(layer.out_features) < layer.out_features:
            site = cast(Site, reader.following)
            theirs = following.kept(layer.out_features, Noise(site.key))
            weight, bias = weight.index_select(0, theirs), bias.index_select(0, theirs)
        return cast(Tensor, reader.activation(F.linear(x, weight, bias)))

    def evaluate_reader(self, reader: Reader, x: Tensor, rate: Tensor) -> Tensor:
        share = self.count(x.shape[1]) / x.shape[1]
        return cast(Tensor, reader(x * share if self._classic else x))

    def objection(self, place: Place) -> str | None:
        if place.reader is not nn.Linear:
            return "it leaves units of a fully connected layer out, and none reads from here alone"
        return None


def _controlled(site: nn.Module | None) -> Controlled | None:
    return site.dropout if isinstance(site, Site) and isinstance(site.dropout, Controlled) else None
