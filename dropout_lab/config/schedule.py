"""Schedules: by what the rates are multiplied at each point of a training.

A schedule maps progress, the share of a training's steps that are done, in [0, 1], to a multiplier in [0, 1]. It is
read at every step. `Early` and `Late`: Liu, Xu, Jin, Shen and Darrell, "Dropout Reduces Underfitting", ICML 2023,
https://arxiv.org/abs/2303.01500.
"""

import math
from dataclasses import dataclass
from typing import final

from dropout_lab.config.bounds import Positive, Share


@final
@dataclass(frozen=True)
class Constant:
    """1 from first to last."""

    def __call__(self, progress: float) -> float:
        return 1.0


@final
@dataclass(frozen=True)
class Early:
    """1 until `cutoff`, then 0: meant for models that underfit."""

    cutoff: Share

    def __call__(self, progress: float) -> float:
        return 1.0 if progress < self.cutoff else 0.0


@final
@dataclass(frozen=True)
class Late:
    """0 until `cutoff`, then 1: meant for models that overfit."""

    cutoff: Share

    def __call__(self, progress: float) -> float:
        return 0.0 if progress < self.cutoff else 1.0


@final
@dataclass(frozen=True)
class Linear:
    """From `start` in a straight line towards `end`, reached when the training ends."""

    start: Share
    end: Share

    def __call__(self, progress: float) -> float:
        return self.start + (self.end - self.start) * progress


@final
@dataclass(frozen=True)
class Curriculum:
    """Rising from 0 towards 1 as 1 - exp(-gamma progress): from easy to hard.

    Morerio, Cavazza, Volpi, Vidal and Murino, "Curriculum Dropout", ICCV 2017, arXiv:1703.06229, equation 3. There
    gamma is given per step: it is this one divided by the steps of the training.
    """

    gamma: Positive

    def __call__(self, progress: float) -> float:
        return 1 - math.exp(-self.gamma * progress)


@final
@dataclass(frozen=True)
class AntiCurriculum:
    """Falling from 1 towards 0 as exp(-gamma progress): the control of the same paper."""

    gamma: Positive

    def __call__(self, progress: float) -> float:
        return math.exp(-self.gamma * progress)
