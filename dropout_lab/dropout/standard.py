"""Standard dropout: each unit is zeroed with probability `rate`, and the others grow to keep the mean.

    y = x * [u >= r] / (1 - r),   u ~ U[0, 1) for every unit of every example

Hinton et al., 2012, arXiv:1207.0580; Srivastava et al., JMLR 15, 2014, section 4, with the scaling moved from
evaluation to training (section 10: the same model up to a rescaling of the weights).
"""

from torch import Tensor

from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout.advice import all_of, pixel_by_pixel
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractValueDropout


class Standard(AbstractValueDropout):
    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        keep = noise.uniform(x.shape) >= rate
        return x * (keep.to(x.dtype) / (1 - rate))

    def advice(self, info: SiteInfo, rate: float) -> str | None:
        return all_of(pixel_by_pixel(info), super().advice(info, rate))
