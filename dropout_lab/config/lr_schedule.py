"""Schedules of the learning rate: by what `optimizer.lr` is multiplied at each optimizer step.

A schedule maps an optimizer step, counted from 0, and the number of all steps of the training to a multiplier. The
first share `warmup` of the steps rises in equal parts to 1, which its last step has. What follows is the schedule
itself, over the steps that are left. The number of steps is that of the whole training: a run that is stopped early
does not reach the end of its schedule.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

from dropout_lab.config.bounds import Fraction, Positive, ProperShare, Share

ROUNDING = 1e-9
"""A share of the steps is a quotient, and may be below a whole number by its rounding."""


@dataclass(frozen=True)
class AbstractLRSchedule(ABC):
    """A schedule that begins with a warm-up, as torch's SequentialLR of LinearLR and another one."""

    warmup: ProperShare = 0.0

    def __call__(self, step: int, steps: int) -> float:
        """The multiplier at a step in 0 .. steps - 1."""
        rising = round(self.warmup * steps)
        if step < rising:
            return (step + 1) / rising
        return self.after((step - rising) / (steps - rising))

    @abstractmethod
    def after(self, progress: float) -> float:
        """The multiplier behind the warm-up; progress: the share of these steps that is over, in [0, 1)."""


@final
@dataclass(frozen=True)
class Constant(AbstractLRSchedule):
    """1 throughout."""

    def after(self, progress: float) -> float:
        return 1.0


@final
@dataclass(frozen=True, kw_only=True)
class Step(AbstractLRSchedule):
    """Multiplied by `gamma` after every share `step_size`, as torch's StepLR."""

    step_size: Fraction
    gamma: Positive

    def after(self, progress: float) -> float:
        return float(self.gamma ** math.floor(progress / self.step_size + ROUNDING))


@final
@dataclass(frozen=True, kw_only=True)
class Linear(AbstractLRSchedule):
    """In a straight line towards `final`, as torch's LinearLR."""

    final: Share

    def after(self, progress: float) -> float:
        return 1 + (self.final - 1) * progress


@final
@dataclass(frozen=True, kw_only=True)
class Cosine(AbstractLRSchedule):
    """Half a cosine towards `final`, as torch's CosineAnnealingLR.

    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017, arXiv:1608.03983,
    equation 5, without restarts.
    """

    final: Share

    def after(self, progress: float) -> float:
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * progress)) / 2


@final
@dataclass(frozen=True, kw_only=True)
class Exponential(AbstractLRSchedule):
    """Halved with every share `half_life`, as torch's ExponentialLR."""

    half_life: Positive

    def after(self, progress: float) -> float:
        return float(0.5 ** (progress / self.half_life))


@final
@dataclass(frozen=True, kw_only=True)
class InverseTime(AbstractLRSchedule):
    """1 / (1 + progress / half_life): half after the first `half_life`, a third after the second."""

    half_life: Positive

    def after(self, progress: float) -> float:
        return 1 / (1 + progress / self.half_life)


@final
@dataclass(frozen=True)
class InverseSqrt:
    """Rising to 1 during the warm-up of w steps, then the square root of w / (number of the step).

    Vaswani et al., "Attention Is All You Need", NeurIPS 2017, arXiv:1706.03762, equation 3, so scaled that its highest
    value is 1.
    """

    warmup: Fraction

    def __call__(self, step: int, steps: int) -> float:
        """The multiplier at a step in 0 .. steps - 1."""
        rising = max(1, round(self.warmup * steps))
        return min((step + 1) / rising, math.sqrt(rising / (step + 1)))


@final
@dataclass(frozen=True)
class OneCycle:
    """Half a cosine up from 1 / `div_factor`, and one down to 1 / (`div_factor` `final_div_factor`).

    As torch's OneCycleLR with two phases and without a cycle of the momentum. Smith and Topin, "Super-Convergence: Very
    Fast Training of Neural Networks Using Large Learning Rates", 2018, arXiv:1708.07120.
    """

    warmup: Fraction
    div_factor: Positive
    final_div_factor: Positive

    def __call__(self, step: int, steps: int) -> float:
        """The multiplier at a step in 0 .. steps - 1."""
        first, top = 1 / self.div_factor, max(0.0, self.warmup * steps - 1)
        if step < top:
            return _between(first, 1.0, step / top)
        falling = steps - 1 - top
        return _between(1.0, first / self.final_div_factor, (step - top) / falling if falling > 0 else 0.0)


def _between(start: float, end: float, share: float) -> float:
    """From `start` to `end` along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
