"""Patterns: tiled squares, rotated and sheared, laid over a feature map at a random place for every example.

    y = x * M * size(M) / sum(M)

M is 0 where the pattern lies: `repeat` x `repeat` squares of `size` pixels, `stride` pixels apart, rotated and sheared
about the middle of the map and moved to a random place (it wraps around at the edges of the map).

Pham and Le, "AutoDropout: Learning Dropout Patterns to Regularize Deep Networks", AAAI 2021, arXiv:2101.01761, section
3: these arguments are the decisions of its controller for convolutional networks; here they are keys that Optuna
searches, e.g. sampler=tpe dropout.size=1,2,3 dropout.rotate=0,15,30,45. The authors lay a pattern over every example;
here it is laid with a probability such that `rate` of the values are dropped, or over all if the pattern covers less.
"""

from functools import lru_cache
from math import cos, radians, sin

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dropout_lab.config.bounds import Count, Whole
from dropout_lab.core.errors import UserError
from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout.advice import SHORT, all_of
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractValueDropout
from dropout_lab.sites.requirements import Requirements


class Pattern(AbstractValueDropout):
    """rotate: degrees. shear_x, shear_y: pixels sideways per pixel along. share_channels: one place for all."""

    requirements = Requirements()

    def __init__(
        self,
        size: Count,
        stride: Whole,
        repeat: Count,
        rotate: float,
        shear_x: float,
        shear_y: float,
        share_channels: bool,
    ) -> None:
        if abs(shear_x * shear_y) >= 1:
            raise UserError(f"dropout.shear_x={shear_x}, dropout.shear_y={shear_y}: their product must be below 1")
        self._shape = size, stride, repeat, float(rotate), float(shear_x), float(shear_y)
        self._share_channels = share_channels

    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        batch, channels, height, width = x.shape
        covered = _covered(height, width, *self._shape)
        each = (batch, 1 if self._share_channels else channels)
        rows, columns = (
            torch.arange(size, device=x.device) + (size * noise.stream(number).uniform(each)).long().unsqueeze(-1)
            for number, size in enumerate((height, width))
        )
        pattern = torch.tensor(covered, dtype=torch.float32, device=x.device)
        laid = pattern[(rows % height).unsqueeze(-1), (columns % width).unsqueeze(-2)]
        chance = rate / max(float(covered.mean()), 1e-6)
        keep = 1 - laid * (noise.stream(2).uniform(each) < chance).float().view(*each, 1, 1)
        return x * (keep * (keep.numel() / keep.sum().clamp(min=1))).to(x.dtype)

    def objection(self, info: SiteInfo) -> str | None:
        return None if len(info.shape) == 3 else "it lays a pattern over images, (channel, height, width)"

    def advice(self, info: SiteInfo, rate: float) -> str | None:
        _, height, width = info.shape
        covered, small = float(_covered(height, width, *self._shape).mean()), None
        if covered < SHORT * rate:
            small = (
                f"its pattern covers {covered:.2f} of a map of {height} x {width}, so no higher rate drops more: take a"
                " larger dropout.size or dropout.repeat, or lower rates"
            )
        return all_of(small, super().advice(info, rate))


@lru_cache
def _covered(
    height: int, width: int, size: int, stride: int, repeat: int, rotate: float, shear_x: float, shear_y: float
) -> NDArray[np.bool_]:
    """Where the pattern lies in the middle of a map: (height, width)."""
    turn = np.array([[cos(radians(rotate)), -sin(radians(rotate))], [sin(radians(rotate)), cos(radians(rotate))]])
    back = np.linalg.inv(turn @ np.array([[1, shear_x], [shear_y, 1]]))
    down, across = np.mgrid[:height, :width] + 0.5
    u, v = np.tensordot(back, np.stack([down - height / 2, across - width / 2]), 1)
    extent = repeat * (size + stride) - stride
    u, v = u + extent / 2, v + extent / 2

    def within(t: NDArray[np.float64]) -> NDArray[np.bool_]:
        return (t >= 0) & (t < extent) & (t % (size + stride) < size)

    covered: NDArray[np.bool_] = within(u) & within(v)
    if not covered.any():  # the square lies between the pixels
        covered[height // 2, width // 2] = True
    return covered
