"""DropBlock: squares of a feature map are zeroed, and the rest grows by the share that is missing in the whole batch.

    y = x * M * size(M) / sum(M)

M is 0 in every s x s square whose corner is drawn, with probability g = r / s^2 * H W / ((H - s + 1)(W - s + 1)),
among the corners whose square fits into the map. Squares overlap, so slightly less than `rate` is dropped: 0.81 to 1
times as much for rates up to 0.3; larger rates fall shorter, and the user is warned. The sum of a uniform map is kept,
unless all of it is dropped. More squares cover a value in the middle than one at the edge, so in the mean over masks
the middle is weaker in training than in evaluation, which is the identity, and the edge is stronger. Ghiasi, Lin and
Le, NeurIPS 2018, arXiv:1810.12890, section 3; they raise the rate linearly from 0 (schedule=linear schedule.start=0
schedule.end=1) and drop in the last groups of a network only.
"""

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from dropout_lab.config.bounds import Count
from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout.advice import SHORT, all_of
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractValueDropout
from dropout_lab.sites.requirements import Requirements


class DropBlock(AbstractValueDropout):
    """block_size: the side of a square; a smaller map gets squares of its own size. per_channel: a mask for each."""

    requirements = Requirements()

    def __init__(self, block_size: Count, per_channel: bool) -> None:
        self._block_size, self._per_channel = block_size, per_channel

    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        batch, channels, height, width = x.shape
        side = min(self._block_size, height, width)
        high, wide = height - side + 1, width - side + 1
        corner = rate * (height * width / (side**2 * high * wide))
        drawn = noise.uniform((batch, channels if self._per_channel else 1, high, wide)) < corner
        keep = 1 - F.max_pool2d(F.pad(drawn.float(), [side - 1] * 4), side, stride=1)
        return x * (keep * (keep.numel() / keep.sum().clamp(min=1))).to(x.dtype)

    def objection(self, info: SiteInfo) -> str | None:
        return None if len(info.shape) == 3 else "it drops squares of images, (channel, height, width)"

    def dropped(self, info: SiteInfo, rate: float) -> float:
        """The share of a site's values that is dropped: those in at least one square."""
        _, height, width = info.shape
        side = min(self._block_size, height, width)
        high, wide = height - side + 1, width - side + 1
        drawn = min(1.0, rate * height * width / (side**2 * high * wide))
        down, across = (np.convolve(np.ones(corners), np.ones(side)) for corners in (high, wide))
        return float((1 - (1 - drawn) ** np.outer(down, across)).mean())

    def advice(self, info: SiteInfo, rate: float) -> str | None:
        _, height, width = info.shape
        square = None
        if self._block_size >= min(height, width):
            square = (
                f"a square of {self._block_size} x {self._block_size} leaves it no choice of place on a map of"
                f" {height} x {width}: take a smaller dropout.block_size, or dropout=spatial"
            )
        overlap = None
        if self.dropped(info, rate) < SHORT * rate:
            most = [f"{self.dropped(info, one):.2f} at rate {one:g}" for one in (0.5, 0.7, 0.9)]
            overlap = (
                f"its squares overlap, so on a map of {height} x {width} less than {SHORT:g} times such high rates is"
                f" dropped ({', '.join(most)}): take a smaller dropout.block_size, or read the rate so"
            )
        return all_of(square, overlap, super().advice(info, rate))
