"""Uout: each unit is multiplied by 1 + u, u uniform around 0, with the variance of standard dropout.

    y = x * (1 + b (2u - 1)),   u ~ U[0, 1) for every unit of every example,   b = sqrt(3 r / (1 - r))

Li, Chen, Hu and Yang, CVPR 2019, arXiv:1801.05134, section 5.2. The authors choose b itself (0.1, which is a rate of
0.0033); here b follows from the variance r / (1 - r), so that its rates are comparable with those of other methods. The
method was made to shift the variance before a batch norm less than dropout does. That holds for the authors' small b;
at equal rates the shift is the same.
"""

from torch import Tensor

from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout.advice import all_of, pixel_by_pixel
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractValueDropout


class Uout(AbstractValueDropout):
    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        return x * (1 + (3 * rate / (1 - rate)).sqrt() * (2 * noise.uniform(x.shape) - 1)).to(x.dtype)

    def advice(self, info: SiteInfo, rate: float) -> str | None:
        return all_of(pixel_by_pixel(info), super().advice(info, rate))
