"""Variational dropout for recurrent networks: one mask for all steps of a sequence, between layers and between steps.

    y_t = x_t * m / (1 - r),   m = [u >= r],   u ~ U[0, 1) for every unit of every example, the same at all steps t

Gal and Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks", NeurIPS 2016,
arXiv:1512.05287, equations 4 to 7. In a text that is read from batch to batch, every piece has its own masks.

At the cell of an LSTM, the mask is on what a step adds:

    c_t = f_t * c_{t-1} + i_t * g_t * m / (1 - r)

RNNDrop (Moon, Choi, Lee and Song, IEEE ASRU 2015) multiplies the whole cell by m at every step. From an empty cell this
is the same without the factor 1 / (1 - r), since m m = m. On the whole cell, that factor would grow to its T-th power
in T steps, and evaluation has no such factor.

With given gates, the mean of the cell over masks is that of evaluation, for any number of steps. At a hidden state this
holds for one step only: the contribution of a unit that reads itself through T masks, all of them the same, has
(1 - r)^(1 - T) times the mean of evaluation. The squashing of the state bounds it; the authors average over masks in
evaluation (as trainer.mc_samples does).
"""

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractDropout, Step
from dropout_lab.sites.reader import Reader
from dropout_lab.sites.requirements import Requirements


class RNNVariational(AbstractDropout):
    """tied: one mask for all gates of a layer (their equation 5); else one for each gate (equation 4), which costs a
    product for each."""

    requirements = Requirements(frozenset({"units", "sequence", "state", "cell"}))

    def __init__(self, tied: bool) -> None:
        self._tied = tied

    def train_reader(self, reader: Reader, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        shape = (x.shape[0], 1, x.shape[2]) if x.dim() == 3 else tuple(x.shape)
        return _masked(reader, x, self._masks(reader, shape, rate, noise))

    def train_steps(self, reader: Reader, rate: Tensor, noise: Noise, count: int) -> Sequence[Step]:
        masks: list[Tensor] = []

        def step(x: Tensor) -> Tensor:
            if not masks:
                masks.extend(self._masks(reader, tuple(x.shape), rate, noise))
            return _masked(reader, x, masks)

        return [step] * count

    def evaluate_reader(self, reader: Reader, x: Tensor, rate: Tensor) -> Tensor:
        y: Tensor = reader(x)
        return y

    def objection(self, info: SiteInfo) -> str | None:
        if info.kind != "units" or info.site == "output":
            return None
        return "it shares a mask over the steps of a sequence, and here are none: take model=rnn, or dropout=standard"

    def _masks(self, reader: Reader, shape: Sequence[int], rate: Tensor, noise: Noise) -> Sequence[Tensor]:
        """The factors of the values: one mask of `shape`, or one for each gate of the reader."""
        count = 1 if self._tied else getattr(reader.layer, "gates", 1)
        keep = noise.uniform((count, *shape)) >= rate
        return (keep.float() / (1 - rate)).unbind(0)


def _masked(reader: Reader, x: Tensor, masks: Sequence[Tensor]) -> Tensor:
    if len(masks) == 1:
        y: Tensor = reader(x * masks[0].to(x.dtype))
        return y
    layer = cast(nn.Linear, reader.layer)
    gates = zip(masks, layer.weight.chunk(len(masks)), layer.bias.chunk(len(masks)), strict=True)
    return torch.cat([F.linear(x * mask.to(x.dtype), weight, bias) for mask, weight, bias in gates], -1)
