"""LayerDrop: whole layers are skipped with probability `rate`.

    training: y = f(x) if u >= r, else x,   u ~ U[0, 1) for every layer and batch
    evaluation: y = f(x)

f is a layer with its shortcuts, so x and y have the same shape, (steps, features). Nothing is rescaled: the mean of y
over masks is (1 - r) f(x) + r x in training, but f(x) in evaluation. Fan, Grave and Joulin, "Reducing Transformer Depth
on Demand with Structured Dropout", ICLR 2020, arXiv:1909.11556.
"""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.method import AbstractUpdateDropout, Update, carried_on
from dropout_lab.sites.requirements import Requirements


class LayerDrop(AbstractUpdateDropout):
    requirements = Requirements(frozenset({"layer"}))

    def train_updates(self, rate: Tensor, noise: Noise, count: int) -> Sequence[Update]:
        return [partial(_chosen, one.uniform((1,)) >= rate) for one in noise.steps(count)]

    def evaluate_update(self, old: Tensor, kept: Tensor | None, added: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
        new = carried_on(kept, added)
        return new, new


def _chosen(open_: Tensor, old: Tensor, kept: Tensor | None, added: Tensor) -> tuple[Tensor, Tensor]:
    new = torch.where(open_, carried_on(kept, added), old)
    return new, new
