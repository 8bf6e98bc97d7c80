"""Max-pooling dropout: values are zeroed before a max-pooling, whose evaluation weighs them by their chances.

    training:   y = max over the region of a_i [u_i >= r],   u_i ~ U[0, 1) for every value of every example
    evaluation: y = sum over i of p_i a_i,   p_i = (1 - r) r^(n - i)   for a_1 <= ... <= a_n

Wu and Gu, "Towards Dropout Training for Convolutional Neural Networks", Neural Networks 71, 2015, arXiv:1512.00242,
sections 3 and 4: in training, a region gives its i-th smallest value with probability p_i, and 0 with r^n; values are
not scaled. In evaluation they call the weighted sum probabilistic weighted pooling.
"""

from typing import cast

import torch
from torch import Tensor, nn

from dropout_lab.noise import Noise
from dropout_lab.sites import AbstractDropout, Place, Reader


class MaxPooling(AbstractDropout):
    def train_reader(self, reader: Reader, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        return cast(Tensor, reader(x * (noise.uniform(x.shape) >= rate).to(x.dtype)))

    def evaluate_reader(self, reader: Reader, x: Tensor, rate: Tensor) -> Tensor:
        size = cast(nn.MaxPool2d, reader.layer).kernel_size
        assert isinstance(size, int)
        high, wide = x.shape[2] // size, x.shape[3] // size
        whole = x[:, :, : high * size, : wide * size]  # what the pooling reads: it leaves an uneven edge out
        regions = whole.reshape(*x.shape[:2], high, size, wide, size).transpose(3, 4).flatten(4)
        rising = regions.sort(-1).values
        above = torch.arange(size**2 - 1, -1, -1, device=x.device)
        chances = (1 - rate) * rate**above
        return torch.sum(rising * chances.to(x.dtype), -1)

    def objection(self, place: Place) -> str | None:
        return None if place.reader is nn.MaxPool2d else "it acts on what a max-pooling reads, and none reads from here"
