"""Stochastic dropout: standard dropout whose rate is itself drawn, for every layer and training step.

    R ~ U(r - h, r + h),   h = min(r spread, 0.7 - r), at least 0;   y = x * [u >= R] * min(1 / (1 - R), 1.5) / c

Park and Kwak, "Analysis on the Dropout Effect in Convolutional Neural Networks", ACCV 2016, section 3.2, with the two
caps of their code: R is at most 0.7, the scale at most 1.5. The authors give the ends of the distribution, U(0, 0.4)
for instance; here `rate` is the mean, and spread 1 reaches down to 0. Two additions keep the means as they would be
without caps, and hardly change the authors' setting. Towards 0.7 the spread narrows, so that the share dropped is
`rate` (from 0.7 on, every R is `rate`). The scale is divided by its mean c = E[(1 - R) min(1 / (1 - R), 1.5)], which is
0.992 for U(0, 0.4).
"""

import torch
from torch import Tensor

from dropout_lab.config.bounds import Share
from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout.advice import all_of, pixel_by_pixel
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractValueDropout

MOST_DROPPED = 0.7
MOST_SCALED = 1.5


class StochasticRate(AbstractValueDropout):
    """spread: half of the width of the rate's distribution relative to its mean, in [0, 1]."""

    def __init__(self, spread: Share) -> None:
        self._spread = spread

    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        half = torch.minimum(rate * self._spread, (MOST_DROPPED - rate).clamp(min=0))
        drawn = rate + half * (2 * noise.stream(1).uniform(()) - 1)
        keep = noise.uniform(x.shape) >= drawn
        scale = (1 / (1 - drawn)).clamp(max=MOST_SCALED) / _mean_kept(rate, half)
        return x * (keep.to(x.dtype) * scale)

    def advice(self, info: SiteInfo, rate: float) -> str | None:
        return all_of(pixel_by_pixel(info), super().advice(info, rate))


def _mean_kept(rate: Tensor, half: Tensor) -> Tensor:
    """E[(1 - R) min(1 / (1 - R), s)] for R ~ U(rate - half, rate + half): 1 - s E[max(R - (1 - 1 / s), 0)]."""
    uncapped = 1 - 1 / MOST_SCALED
    low, high = (rate - half - uncapped).clamp(min=0), (rate + half - uncapped).clamp(min=0)
    width = 2 * half
    # The mean of max(t, 0) over an interval: the mean of its part above 0, times that part's share.
    share = torch.where(width > 1e-4, (high - low) / width.clamp(min=1e-4), 1.0)
    return 1 - MOST_SCALED * 0.5 * (low + high) * share
