"""Examples mixed with their neighbours in the batch: mixup and CutMix. Their losses are mixed by the same weight.

The order of a batch is random, so a neighbour is as good as any other example.
"""

from collections.abc import Collection, Sequence
from typing import Literal

import torch
from torch import Tensor

from dropout_lab.cohort.optim import Hyper
from dropout_lab.core.mask_streams import Noise

MIXES: tuple[Literal["mixup", "cutmix"], ...] = ("mixup", "cutmix")
"""Options whose number is the alpha of the Beta distribution from which a step draws its share. A run has one."""


def mixed(
    x: Tensor, options: Collection[str], hyper: Hyper, share: Tensor, noise: Noise | None
) -> tuple[Tensor, Tensor]:
    """The examples, (batch, ...), mixed as `options` says; and what an example itself weighs in the loss.

    share: of the example itself, without dimensions; 1 mixes nothing. mixup: share x + (1 - share) neighbour (Zhang et
    al., ICLR 2018, arXiv:1710.09412). cutmix: a rectangle of the neighbour, with sides of sqrt(1 - share) of the
    image's, in whole pixels, about any pixel as its centre, at the same place in the whole batch (Yun et al., ICCV
    2019, arXiv:1905.04899). The weight is then the exact share of the pixels that are the example's own.
    """
    weight = share
    if "cutmix" in options:
        assert noise is not None
        cuts = hyper["cutmix"] > 0
        own = torch.where(cuts, share, 1)
        size = (torch.tensor(x.shape[2:], device=x.device) * (1 - own).sqrt()).floor()
        down, across = (noise.stream(number).uniform((1, 1)) for number in (13, 14))
        inside = rectangle(down, across, size, x.shape[2:])
        x = torch.where(inside, x.roll(1, 0), x)
        weight, share = torch.where(cuts, 1 - inside.float().mean(), share), torch.where(cuts, 1, share)
    if "mixup" in options:
        x = share * x + (1 - share) * x.roll(1, 0)
    return x, weight


def rectangle(down: Tensor, across: Tensor, size: Tensor, shape: Sequence[int]) -> Tensor:
    """Which pixels lie in a rectangle: (..., height, width) bool.

    down, across: (..., 1, 1) in [0, 1), the place of its centre; size: (2,), its height and width in pixels; shape: the
    image's. An even number of pixels reaches one further up, or left, than down, or right.
    """
    inside = []
    for place, length, whole, view in zip((down, across), size.unbind(), shape, ((-1, 1), (1, -1)), strict=True):
        first = (place * whole).floor() - (length / 2).floor()
        at = torch.arange(whole, device=place.device).view(view)
        inside.append((at >= first) & (at < first + length))
    return inside[0] & inside[1]
