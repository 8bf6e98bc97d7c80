"""Classic dropout: each unit is zeroed with probability `rate` in training and scaled by 1 - `rate` in evaluation.

    training: y = x * [u >= r];   evaluation: y = x * (1 - r)

Srivastava et al., JMLR 15, 2014, section 4, who scale the outgoing weights instead, which is equivalent.
"""

from torch import Tensor

from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout.advice import all_of, pixel_by_pixel
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractValueDropout


class Classic(AbstractValueDropout):
    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        return x * (noise.uniform(x.shape) >= rate).to(x.dtype)

    def evaluate(self, x: Tensor, rate: Tensor) -> Tensor:
        return x * (1 - rate).to(x.dtype)

    def advice(self, info: SiteInfo, rate: float) -> str | None:
        return all_of(pixel_by_pixel(info), super().advice(info, rate))
