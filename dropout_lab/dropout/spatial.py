"""Spatial dropout: whole channels are zeroed with probability `rate`, and the others grow to keep the mean.

    y[c] = x[c] * [u_c >= r] / (1 - r),   u_c ~ U[0, 1) for every channel of every example

Tompson, Goroshin, Jain, LeCun and Bregler, CVPR 2015, arXiv:1411.4280, with the scaling in training.
"""

from torch import Tensor

from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout.advice import all_of, only_channel
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractValueDropout
from dropout_lab.sites.requirements import Requirements


class Spatial(AbstractValueDropout):
    requirements = Requirements()

    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        keep = noise.uniform((*x.shape[:2], *[1] * (x.dim() - 2))) >= rate
        return x * (keep.to(x.dtype) / (1 - rate))

    def objection(self, info: SiteInfo) -> str | None:
        return None if info.is_map else "it drops channels, and a vector has none"

    def advice(self, info: SiteInfo, rate: float) -> str | None:
        return all_of(only_channel(info), super().advice(info, rate))
