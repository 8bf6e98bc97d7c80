"""Feature-wise max-drop: in every channel of every example, with probability `rate`, the largest value is zeroed.

    y[c] = x[c] * [not (u_c < r and x is the largest of its channel and positive)] / (1 - r / (H W)),   u_c ~ U[0, 1)

Evaluation is the identity. The scale keeps the mean of a uniform map; in other maps, the mean over masks of the largest
value is (1 - r) / (1 - r / (H W)) times its value in evaluation, which is less, and the others are larger. Park and
Kwak, "Analysis on the Dropout Effect in Convolutional Neural Networks", ACCV 2016, section 3.1. In a map of many pixels
hardly anything is dropped, so its rates are not comparable with those of other methods.
"""

import torch
from torch import Tensor

from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractValueDropout
from dropout_lab.sites.requirements import Requirements


class MaxDropFeature(AbstractValueDropout):
    requirements = Requirements()

    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        maps = x.flatten(2)
        largest = torch.arange(maps.shape[2], device=x.device) == maps.argmax(2, keepdim=True)
        drop = largest & (maps > 0) & (noise.uniform(maps.shape[:2]) < rate).unsqueeze(2)
        return (maps * ((~drop).to(x.dtype) / (1 - rate / maps.shape[2]))).view_as(x)

    def objection(self, info: SiteInfo) -> str | None:
        return None if info.is_map else "it looks for the largest value of a channel, and a vector has no channels"
