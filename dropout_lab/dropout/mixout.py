"""Mixout: inputs of the layer that reads from the site get their pretrained weights back with probability `rate`.

    training:   W' = [(1 - m) W0 + m W - r W0] / (1 - r),   m = [u >= r],   u ~ U[0, 1) for every input of the layer
    evaluation: W

W0: the weights at the start of the training, so that E[W'] = W. The implementation is a W + (1 - a) W0 with
a = m / (1 - r), which is exactly W at rate 0. Lee, Cho and Kang, "Mixout: Effective Regularization to Finetune
Large-scale Pretrained Language Models", ICLR 2020, arXiv:1909.11299: with W0 = 0 it is dropout. As in their code, one
mask serves all outputs and the whole batch, so all weights that go out from an input are swapped together, and biases
are left as they are. They use linear layers. The inputs of a convolution are its channels. Between the steps of a
recurrent layer, one mask serves all steps: the mean over masks is that of evaluation for the product of one step, but
not for a value that passes through a weight, and so through one mask, several times (weight_drop.py).

The head of the network is not pretrained: its W0 is its initial value. The authors leave theirs without mixout, or do
the same.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import cast

from torch import Tensor

from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout import product
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractDropout, Step
from dropout_lab.sites.reader import Reader
from dropout_lab.sites.requirements import Requirements


class Mixout(AbstractDropout):
    requirements = Requirements(frozenset({"units", "sequence", "state"}), pretraining=True)

    def remembered(self, reader: Reader) -> Mapping[str, Tensor]:
        return {"weight": product.weight_of(reader)} if isinstance(reader.layer, product.PRODUCTS) else {}

    def train_reader(self, reader: Reader, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        return _applied(reader, _mixed(reader, rate, noise), x)

    def train_steps(self, reader: Reader, rate: Tensor, noise: Noise, count: int) -> Sequence[Step]:
        return [partial(_applied, reader, _mixed(reader, rate, noise))] * count

    def evaluate_reader(self, reader: Reader, x: Tensor, rate: Tensor) -> Tensor:
        y: Tensor = reader(x)
        return y

    def objection(self, info: SiteInfo) -> str | None:
        return product.objection(info)


def _mixed(reader: Reader, rate: Tensor, noise: Noise) -> Tensor:
    weight, begun = product.weight_of(reader), reader.remembered.get_buffer("weight")
    inputs = (1, weight.shape[1], *[1] * (weight.dim() - 2))
    share = (noise.uniform(inputs) >= rate).to(weight.dtype) / (1 - rate)
    return share * weight + (1 - share) * begun


def _applied(reader: Reader, weight: Tensor, x: Tensor) -> Tensor:
    return cast(Tensor, reader.activation(product.applied(reader.layer, weight, x, biased=True)))
