"""Controlled dropout: exactly the share `rate` of a layer's units is dropped, the same units for the whole batch.

    y = x[:, kept] n / k,   k = round(n (1 - r)) of n units, drawn without replacement for every batch
    classic: y = x[:, kept] in training,   x (1 - r) in evaluation

Dropped units are not computed: the products run over the kept columns of the layer that reads, and where the reader's
own units are dropped by this method, over its kept rows: at rate 0.5, a quarter of the work between two hidden layers.
Ko, Kim, Oh and Choi, "Controlled Dropout: a Different Approach to Using Dropout on Deep Neural Network", IEEE BigComp
2017, 358-362; they scale in evaluation. The optimizer still updates all weights.

The number of units is a shape, so runs of different rates are programs of their own.
"""

from typing import cast

from torch import Tensor, nn

from dropout_lab.config.bounds import Rate
from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout.unit_subset import UnitSubset, linear, take
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractDropout
from dropout_lab.sites.reader import Reader
from dropout_lab.sites.requirements import Requirements
from dropout_lab.sites.site import Site


class Controlled(AbstractDropout):
    """rate: the rate of its site, set by the trainer. classic: scaled in evaluation, as in the paper."""

    requirements = Requirements(single_call=True, constant_rate=True)

    def __init__(self, classic: bool, rate: Rate = 0.0) -> None:
        self._classic, self._rate = classic, rate

    def count(self, units: int) -> int:
        """How many of the units are kept: at least one."""
        return max(1, round(units * (1 - self._rate)))

    def kept(self, units: int, noise: Noise) -> UnitSubset | None:
        """The kept units; None if all are."""
        count = self.count(units)
        return UnitSubset.draw(count, units, noise) if count < units else None

    def train_reader(self, reader: Reader, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        layer = cast(nn.Linear, reader.layer)
        units = layer.in_features
        inputs = self.kept(units, noise)
        if x.shape[1] == units:  # otherwise the reader before has computed the kept units only
            x = take(x, 1, inputs)
        if not self._classic:
            x = x * (units / self.count(units))
        following = _controlled(reader.following)
        outputs = None
        if following is not None:
            outputs = following.kept(layer.out_features, Noise(cast(Site, reader.following).key))
        return cast(Tensor, reader.activation(linear(x, layer.weight, layer.bias, inputs, outputs)))

    def evaluate_reader(self, reader: Reader, x: Tensor, rate: Tensor) -> Tensor:
        share = self.count(x.shape[1]) / x.shape[1]
        return cast(Tensor, reader(x * share if self._classic else x))

    def objection(self, info: SiteInfo) -> str | None:
        if info.reader is not nn.Linear:
            return "it leaves units of a fully connected layer out, and none reads from here alone"
        return None


def _controlled(site: nn.Module | None) -> Controlled | None:
    """The site's controlled dropout, if its mask is known beforehand; several masks (samples) need all units."""
    if not isinstance(site, Site) or site.samples > 1:
        return None
    return site.dropout if isinstance(site.dropout, Controlled) else None
