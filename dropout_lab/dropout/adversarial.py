"""Adversarial dropout: standard dropout, and a second pass whose mask is changed where that moves the answer most.

    loss = L(f(x, m), t) + w D(f(x, m')),   m' = the mask with at most int(delta H) of H entries flipped
    target=label:  D = L(f(x, m'), t)                                (SAdD)
    target=output: D = KL(f(x, m0) || f(x, m')), in a regression the squared difference   (VAdD)

H is the number of the site's units, in a sequence that of one step. Each step has its own flips and its own sum, so
padding, which has no gradient, gives its share to no other step. An entry is flipped if the flip raises D to first
order, by the gradient of D to the mask, and if it is among the entries with the largest gradient; m' is scaled to the
sum of the mask before. Both masks, m0 of the first pass and the one that is flipped, are drawn as in standard dropout,
like those of the other sites. w grows from 0 to `weight` over the share `ramp_up` of the training, by
exp(-5 (1 - t)^2), as in the authors' code. Evaluation is the identity.

Park, Park, Shin and Moon, "Adversarial Dropout for Supervised and Semi-supervised Learning", AAAI 2018,
arXiv:1707.03631. The paper has it at one layer, the last hidden one (placement=last). In the authors' code the mask
that is flipped is all ones, which is a rate near 0 here; with target=output the two passes must then differ in another
way. A step costs about three forward and two backward passes.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from dropout_lab.config.bounds import NonNegative, Share
from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.info import STEPWISE
from dropout_lab.sites.method import AbstractAdversarialDropout
from dropout_lab.sites.requirements import Requirements


class Adversarial(AbstractAdversarialDropout):
    """delta: the largest share of the mask that is flipped. target: `label` or `output`. weight, ramp_up: see above."""

    requirements = Requirements(STEPWISE, single_call=True, own_program=True)

    def __init__(self, delta: Share, target: Literal["label", "output"], weight: NonNegative, ramp_up: Share) -> None:
        self._delta, self._virtual, self._weight, self._ramp_up = delta, target == "output", weight, ramp_up

    @property
    def is_virtual(self) -> bool:
        return self._virtual

    def mask(self, shape: Sequence[int], rate: Tensor, noise: Noise) -> Tensor:
        return (noise.uniform(shape) >= rate).float() / (1 - rate)

    def chosen(self, mask: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        first = 2 if mask.dim() == 3 else 1  # the step's units in a sequence, else all of the example
        kept = (mask > 0).float().flatten(first).flatten(0, first - 1)
        flips = self.flipped(kept, gradient.flatten(first).flatten(0, first - 1))
        changed = kept + flips * (1 - 2 * kept)
        scale = kept.sum(1, keepdim=True) / changed.sum(1, keepdim=True).clamp(min=1)
        return torch.where(rate > 0, (changed * scale / (1 - rate)).view_as(mask), mask)

    def flipped(self, kept: Tensor, gradient: Tensor) -> Tensor:
        """1 where an entry of `kept`, (batch, units) of ones and zeros, is flipped, else 0."""
        most = int(self._delta * kept.shape[1])
        raised = (gradient * (1 - 2 * kept)).clamp(min=0)  # by how much, to first order
        if most >= kept.shape[1]:
            return (raised > 0).float()
        # Only entries above the first excess one: of several equal ones at the limit, none is flipped.
        return (raised > raised.sort(1, descending=True).values[:, most : most + 1]).float()

    def weight(self, progress: Tensor) -> Tensor:
        if self._ramp_up == 0:
            return torch.full_like(progress, self._weight)
        left = 1 - (progress / self._ramp_up).clamp(max=1)
        return self._weight * torch.exp(-5 * left * left)
