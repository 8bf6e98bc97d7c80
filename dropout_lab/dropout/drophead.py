"""DropHead: whole attention heads are dropped with probability `rate`, and the others grow.

    y_h = x_h * m_h * H / sum(m),   m_h = [u_h >= r],   u_h ~ U[0, 1) for each of the H heads of every example

x_h is the output of head h, (steps, features), before the product that mixes the heads. Zhou, Ge, Wei, Zhou and Xu,
"Scheduled DropHead", Findings of EMNLP 2020, arXiv:2004.13342; their schedule, high at both ends of the training, is
not provided here.

If all heads of an example were dropped (probability r^H), the division would be by 0; instead, the head with the
largest u is kept, each with equal probability. The mean of every multiplier is then exactly 1, because the H
multipliers always sum to H and no head is preferred; with an output of 0 instead, it would be 1 - r^H. A head is
dropped with probability r - r^H / H.
"""

import torch
from torch import Tensor

from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.method import AbstractValueDropout
from dropout_lab.sites.requirements import Requirements


class DropHead(AbstractValueDropout):
    requirements = Requirements(frozenset({"heads"}))

    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        drawn = noise.uniform((*x.shape[:2], *[1] * (x.dim() - 2)))
        keep = (drawn >= torch.minimum(rate, drawn.amax(1, keepdim=True))).to(x.dtype)
        return x * (keep * (x.shape[1] / keep.sum(1, keepdim=True)))
