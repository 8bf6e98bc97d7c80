"""Schedules of the momentum: its value at each optimizer step.

A schedule maps the optimizer's momentum, a step counted from 0, and the number of all steps of the training to the
momentum at that step.
"""

from dataclasses import dataclass
from typing import final

from dropout_lab.config.bounds import Positive, ProperShare


@final
@dataclass(frozen=True)
class Constant:
    """That of the optimizer throughout."""

    def __call__(self, momentum: float, step: int, steps: int) -> float:
        return momentum


@final
@dataclass(frozen=True)
class Linear:
    """From `start` in a straight line to that of the optimizer, reached after the share `until` of the steps.

    So Srivastava et al. trained (JMLR 15, 2014, appendix B.1: "a final momentum of 0.95").
    """

    start: ProperShare
    until: Positive

    def __call__(self, momentum: float, step: int, steps: int) -> float:
        return self.start + (momentum - self.start) * min(1.0, step / steps / self.until)
