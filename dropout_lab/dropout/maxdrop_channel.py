"""Channel-wise max-drop: at every pixel of every example, with probability `rate`, the largest channel is zeroed.

    y[:, p] = x[:, p] * [not (u_p < r and x is the largest of its pixel and positive)],   u_p ~ U[0, 1)

Park and Kwak, "Analysis on the Dropout Effect in Convolutional Neural Networks", ACCV 2016, section 3.1; unscaled, as
in their code: the mean of the largest value over masks is 1 - r times its value in evaluation, which is the identity.
With many channels hardly anything is dropped, so its rates are not comparable with those of other methods.
"""

import torch
from torch import Tensor

from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractValueDropout
from dropout_lab.sites.requirements import Requirements


class MaxDropChannel(AbstractValueDropout):
    requirements = Requirements()

    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        maps = x.flatten(2)
        channels = torch.arange(maps.shape[1], device=x.device).unsqueeze(1)
        largest = channels == maps.argmax(1, keepdim=True)
        drop = largest & (maps > 0) & (noise.uniform((maps.shape[0], maps.shape[2])) < rate).unsqueeze(1)
        return (maps * (~drop).to(x.dtype)).view_as(x)

    def objection(self, info: SiteInfo) -> str | None:
        return None if info.is_map else "it looks for the largest channel of a pixel, and a vector has none"
