"""Max-pooling dropout: values are zeroed before a max-pooling, and evaluation weights them by their probabilities.

    training:   y = max over the region of a_i [u_i >= r],   u_i ~ U[0, 1) for every value of every example
    evaluation: y = E[y] = sum over i of p_i max(a_i, 0) + (1 - r)^n min(a_n, 0),   p_i = (1 - r) r^(n - i)
                for a_1 <= ... <= a_n

Wu and Gu, "Towards Dropout Training for Convolutional Neural Networks", Neural Networks 71, 2015, arXiv:1512.00242,
sections 3 and 4: in training, a region gives its i-th smallest value with probability p_i, and 0 with probability r^n;
values are not scaled. For evaluation the authors use the weighted sum, sum over i of p_i a_i, which they call
probabilistic weighted pooling. It is the mean for values of at least 0, as behind ReLU. Where a region may be negative,
as behind SELU, a dropped value, 0, exceeds a negative one: the largest is negative only if nothing was dropped.
"""

from typing import cast

import torch
from torch import Tensor, nn

from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractDropout
from dropout_lab.sites.reader import Reader


class MaxPooling(AbstractDropout):
    def train_reader(self, reader: Reader, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        return cast(Tensor, reader(x * (noise.uniform(x.shape) >= rate).to(x.dtype)))

    def evaluate_reader(self, reader: Reader, x: Tensor, rate: Tensor) -> Tensor:
        size = cast(nn.MaxPool2d, reader.layer).kernel_size
        assert isinstance(size, int)
        high, wide = x.shape[2] // size, x.shape[3] // size
        whole = x[:, :, : high * size, : wide * size]  # the pooling ignores an incomplete edge
        regions = whole.reshape(*x.shape[:2], high, size, wide, size).transpose(3, 4).flatten(4)
        rising = regions.sort(-1).values
        dropped, kept = rate.to(x.dtype), (1 - rate).to(x.dtype)
        y, all_kept = torch.zeros_like(rising[..., 0]), torch.ones_like(kept)
        for value in rising.unbind(-1):  # products round the same at any place in memory, which powers do not
            y, all_kept = dropped * y + kept * value.clamp(min=0), all_kept * kept
        return y + all_kept * rising[..., -1].clamp(max=0)

    def objection(self, info: SiteInfo) -> str | None:
        return None if info.reader is nn.MaxPool2d else "it acts on what a max-pooling reads, and none reads from here"
