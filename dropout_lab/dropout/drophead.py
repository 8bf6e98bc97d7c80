"""DropHead: whole attention heads are left out with probability `rate`, the others grow.

    y_h = x_h * m_h * H / sum(m),   m_h = [u_h >= r],   u_h ~ U[0, 1) for each of the H heads of every example

x_h is what head h gives, (steps, features), before the product that mixes the heads. Zhou, Ge, Wei, Zhou and Xu,
"Scheduled DropHead", Findings of EMNLP 2020, arXiv:2004.13342; their schedule, high at both ends of the training, is
not here.

Where all heads of an example would be dropped (probability r^H), the division is by 0; here one of them, each equally
likely, is kept instead: the one with the largest u. With it, every multiplier has the mean 1 exactly, for the H
multipliers always sum to H and none is preferred; without, had the output been set to 0, it were 1 - r^H. A head is
dropped with probability r - r^H / H.
"""

import torch
from torch import Tensor

from dropout_lab.core.noise import Noise
from dropout_lab.sites.method import AbstractValueDropout
from dropout_lab.sites.requirements import Requirements


class DropHead(AbstractValueDropout):
    requirements = Requirements(frozenset({"heads"}))

    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        drawn = noise.uniform((*x.shape[:2], *[1] * (x.dim() - 2)))
        keep = (drawn >= torch.minimum(rate, drawn.amax(1, keepdim=True))).to(x.dtype)
        return x * (keep * (x.shape[1] / keep.sum(1, keepdim=True)))
