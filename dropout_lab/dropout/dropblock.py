"""DropBlock: squares of a feature map are zeroed, and the rest grows by what is missing of the whole batch.

    y = x * M * size(M) / sum(M)

M is 0 in every s x s square whose corner was drawn, with probability g = r / s^2 * H W / ((H - s + 1)(W - s + 1)),
among the places where the square fits entirely. Squares overlap, so somewhat less than `rate` is dropped: for rates up
to 0.3, 0.81 to 1 times as much; of larger ones less, which is warned of. The sum of an even map stays what it is,
unless all is dropped; but more squares cover a value in the middle than one at the edge, so in the mean over masks the
middle is weaker in training than in evaluation, which is the identity, and the edge is stronger. Ghiasi, Lin and Le,
NeurIPS 2018, arXiv:1810.12890, section 3; they raise the rate linearly from 0 (schedule=linear schedule.start=0
schedule.end=1) and drop in the last groups of a network only.
"""

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from dropout_lab.config.bounds import Count
from dropout_lab.core.noise import Noise
from dropout_lab.dropout.advice import SHORT, all_of
from dropout_lab.sites.method import AbstractValueDropout
from dropout_lab.sites.place import UNITS, Place


class DropBlock(AbstractValueDropout):
    """block_size: the side of a square; a smaller map gets squares of its own size. per_channel: a mask for each."""

    kinds = UNITS

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

    def objection(self, place: Place) -> str | None:
        return None if len(place.shape) == 3 else "it drops squares of images, (channel, height, width)"

    def dropped(self, place: Place, rate: float) -> float:
        """The share of a place's values that is dropped: those in the square of a drawn corner, however many."""
        _, height, width = place.shape
        side = min(self._block_size, height, width)
        high, wide = height - side + 1, width - side + 1
        drawn = min(1.0, rate * height * width / (side**2 * high * wide))
        down, across = (np.convolve(np.ones(corners), np.ones(side)) for corners in (high, wide))
        return float((1 - (1 - drawn) ** np.outer(down, across)).mean())

    def advice(self, place: Place, rate: float) -> str | None:
        _, height, width = place.shape
        square = None
        if self._block_size >= min(height, width):
            square = (
                f"a square of {self._block_size} x {self._block_size} leaves it no choice of place on a map of"
                f" {height} x {width}: take a smaller dropout.block_size, or dropout=spatial"
            )
        overlap = None
        if self.dropped(place, rate) < SHORT * rate:
            most = [f"{self.dropped(place, one):.2f} at rate {one:g}" for one in (0.5, 0.7, 0.9)]
            overlap = (
                f"its squares overlap, so on a map of {height} x {width} less than {SHORT:g} times such high rates is"
                f" dropped ({', '.join(most)}): take a smaller dropout.block_size, or read the rate so"
            )
        return all_of(square, overlap, super().advice(place, rate))
