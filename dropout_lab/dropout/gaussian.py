"""Gaussian dropout: each unit is multiplied by a normal number with mean 1 and the variance of standard dropout.

    y = x * (1 + sqrt(r / (1 - r)) e),   e ~ N(0, 1) for every unit of every example

Srivastava et al., JMLR 15, 2014, section 10.
"""

from torch import Tensor

from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout.advice import all_of, pixel_by_pixel
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractValueDropout


class Gaussian(AbstractValueDropout):
    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        return x * (1 + (rate / (1 - rate)).sqrt() * noise.normal(x.shape)).to(x.dtype)

    def advice(self, info: SiteInfo, rate: float) -> str | None:
        return all_of(pixel_by_pixel(info), super().advice(info, rate))
