"""Functions for methods of dropout, made of operations whose rounding does not depend on a lane's place in memory.

Torch's own sigmoid and softplus round differently in the vectorised body of a loop and in its tail.
"""

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x))"""
    return 0.5 + 0.5 * torch.tanh(0.5 * x)


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x))"""
    return x.clamp(min=0) + torch.log1p(torch.exp(-x.abs()))


def logit(rate: Tensor) -> Tensor:
    """log(r / (1 - r)); minus infinity at 0."""
    return torch.log(rate) - torch.log1p(-rate)


def root(variance: Tensor) -> Tensor:
    """The square root of a variance, with gradient 0, not infinity, where it is 0."""
    positive = variance > 0
    return torch.where(positive, variance, 1.0).sqrt() * positive.to(variance.dtype)
