"""Schedules: by what the rates are multiplied at each point of a training.

A schedule maps progress, epoch / epochs in [0, 1), to a multiplier in [0, 1]. `Early` and `Late`: Liu, Xu, Jin, Shen
and Darrell, "Dropout Reduces Underfitting", ICML 2023, https://arxiv.org/abs/2303.01500, which change the rate at every
step; here it changes between epochs.
"""

from dataclasses import dataclass
from typing import Any, final

from dropout_lab.errors import UserError


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

    cutoff: float

    def __post_init__(self) -> None:
        _require_share("cutoff", self.cutoff)

    def __call__(self, progress: float) -> float:
        return 1.0 if progress < self.cutoff else 0.0


@final
@dataclass(frozen=True)
class Late:
    """0 until `cutoff`, then 1: meant for models that overfit."""

    cutoff: float

    def __post_init__(self) -> None:
        _require_share("cutoff", self.cutoff)

    def __call__(self, progress: float) -> float:
        return 0.0 if progress < self.cutoff else 1.0


@final
@dataclass(frozen=True)
class Linear:
    """From `start` in a straight line towards `end`, which the epoch after the last would reach."""

    start: float
    end: float

    def __post_init__(self) -> None:
        _require_share("start", self.start)
        _require_share("end", self.end)

    def __call__(self, progress: float) -> float:
        return self.start + (self.end - self.start) * progress


def _require_share(key: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise UserError(f"schedule.{key}={value}: must be in [0, 1]")
