"""Attention dropout: single attention weights are zeroed with probability `rate`, and the others grow.

    A' = A * m / (1 - r),   m = [u >= r],   u ~ U[0, 1) for every head, query and key of every example

A is the softmax over keys, (batch, heads, steps, steps). Its rows sum to 1; those of A' do so only on average, and a
query may attend to nothing. This is standard dropout at attention weights. Vaswani et al., NeurIPS 2017,
arXiv:1706.03762, have it in their code, tensor2tensor; section 5.4 of the paper names other places only.
"""

from torch import Tensor

from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.method import AbstractValueDropout
from dropout_lab.sites.requirements import Requirements


class Attention(AbstractValueDropout):
    requirements = Requirements(frozenset({"weights"}))

    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        keep = noise.uniform(x.shape) >= rate
        return x * (keep.to(x.dtype) / (1 - rate))
