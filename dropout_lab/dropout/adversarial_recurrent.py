"""Adversarial dropout of a recurrent layer: a second pass without the units that matter most to the answer.

    loss = L(f(x, m), t) + w D(f(x, m')),   m' = the mask with at most int(delta H) of H live units dropped in addition
    target=output: D = KL(f(x, m0) || f(x, m')), in a regression the squared difference
    target=label:  D = L(f(x, m'), t)

All steps of a sequence share one mask, on what the recurrent product reads of the hidden state, or on what a step adds
to the cell of an LSTM. m' is chosen in `iterations` rounds of int(int(delta H) / iterations) units each: the live units
whose loss raises D most to first order, by the gradient of D to the mask of the round before; the mask is then scaled
to its sum before. Both masks, m0 of the first pass and the one that is changed, are drawn as in variational dropout
(rnn_variational.py), with the same means over masks. Evaluation is the identity.

Park, Song, Ji, Lee and Moon, "Adversarial Dropout for Recurrent Neural Networks", AAAI 2019, 33:4699-4706. In the
authors' code the mask that is changed is all ones, which is a rate near 0 here; with target=output the passes must then
differ in another way, as theirs do by dropout of the embedding. D is the distance of the answers, which theirs give at
the last step; for a text that is read piece by piece, D is the mean over its positions. Each round costs a forward and
a backward pass, in addition to two of the network itself.
"""

from collections.abc import Sequence
from math import ceil
from typing import Literal

import torch
from torch import Tensor

from dropout_lab.config.bounds import Count, NonNegative, Share
from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractAdversarialDropout, Step
from dropout_lab.sites.reader import Reader
from dropout_lab.sites.requirements import Requirements


class AdversarialRecurrent(AbstractAdversarialDropout):
    """delta: the largest share of the state that is dropped in addition. target, iterations, weight: see above."""

    requirements = Requirements(frozenset({"state", "cell"}), single_call=True, own_program=True)

    def __init__(
        self, delta: Share, iterations: Count, target: Literal["label", "output"], weight: NonNegative
    ) -> None:
        self._delta, self._iterations, self._virtual, self._weight = delta, iterations, target == "output", weight

    @property
    def is_virtual(self) -> bool:
        return self._virtual

    @property
    def iterations(self) -> int:
        return self._iterations

    def mask(self, shape: Sequence[int], rate: Tensor, noise: Noise) -> Tensor:
        return (noise.uniform(shape) >= rate).float() / (1 - rate)

    def train_steps(self, reader: Reader, rate: Tensor, noise: Noise, count: int) -> Sequence[Step]:
        masks: list[Tensor] = []

        def step(x: Tensor) -> Tensor:
            if not masks:
                masks.append(self.mask(x.shape, rate, noise).to(x.dtype))
            y: Tensor = reader(x * masks[0])
            return y

        return [step] * count

    def chosen(self, mask: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        alive = (mask > 0).float()
        left = alive - self.dropped(alive, gradient)
        scaled = left * mask.sum(1, keepdim=True) / left.sum(1, keepdim=True).clamp(min=1)
        return torch.where(rate > 0, scaled, mask)

    def dropped(self, alive: Tensor, gradient: Tensor) -> Tensor:
        """1 where a unit of `alive`, (batch, units) of 1 or 0, is dropped in one round, else 0."""
        most = self._most(alive.shape[1])
        raised = (-gradient * alive).clamp(min=0)  # by how much, to first order
        if most >= alive.shape[1]:
            return (raised > 0).float()
        # Only units above the first excess one: of several equal ones at the limit, none is dropped.
        return (raised > raised.sort(1, descending=True).values[:, most : most + 1]).float()

    def weight(self, progress: Tensor) -> Tensor:
        return torch.full_like(progress, self._weight)

    def objection(self, info: SiteInfo) -> str | None:
        units = info.shape[0]
        if self._most(units) > 0:
            return None
        return (
            f"dropout.delta={self._delta:g} of {units} units in {self._iterations} rounds is none in a round: take at"
            f" least dropout.delta={ceil(100 * self._iterations / units) / 100:g}"
        )

    def _most(self, units: int) -> int:
        """The most units that a round drops."""
        return int(self._delta * units) // self._iterations
