"""Optimizers for one run's parameters as one flat vector; the cohort lifts them over its lanes.

An optimizer is its hyperparameters. Those that are numbers may differ from lane to lane, so `update` reads them from
`hyper`, as tensors without dimensions; what is not a number is structure, and shared.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from dropout_lab.errors import UserError

Hyper = Mapping[str, Tensor]
State = Mapping[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class AbstractOptimizer(ABC):
    lr: float
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        for name, value in self.numbers().items():
            if not value >= 0 or value == float("inf"):
                raise UserError(f"optimizer.{name}={value}: must be a finite number of at least 0")
            if name in ("momentum", "beta1", "beta2") and value >= 1:
                raise UserError(f"optimizer.{name}={value}: must be at least 0 and below 1")

    def numbers(self) -> dict[str, float]:
        """The hyperparameters that may differ by run."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: float(value) for name, value in values.items() if not isinstance(value, bool)}

    @abstractmethod
    def init(self, params: Tensor) -> dict[str, Tensor]:
        """The state before the first step; every entry is zero and broadcasts with `params`, (..., size)."""

    @abstractmethod
    def update(self, params: Tensor, grads: Tensor, state: State, hyper: Hyper) -> tuple[Tensor, dict[str, Tensor]]:
        """Parameters and state after one step."""


@dataclass(frozen=True, kw_only=True)
class SGD(AbstractOptimizer):
    """As torch.optim.SGD without dampening: v <- momentum v + g, params <- params - lr v (Nesterov: lr (g + momentum v)),
    where g includes weight_decay * params."""

    momentum: float = 0.0
    nesterov: bool = False

    def init(self, params: Tensor) -> dict[str, Tensor]:
        return {"velocity": torch.zeros_like(params)}

    def update(self, params: Tensor, grads: Tensor, state: State, hyper: Hyper) -> tuple[Tensor, dict[str, Tensor]]:
        grads = grads + hyper["weight_decay"] * params
        velocity = hyper["momentum"] * state["velocity"] + grads
        step = grads + hyper["momentum"] * velocity if self.nesterov else velocity
        return params - hyper["lr"] * step, {"velocity": velocity}


@dataclass(frozen=True, kw_only=True)
class Adam(AbstractOptimizer):
    """Kingma & Ba, ICLR 2015, arXiv:1412.6980, algorithm 1; g includes weight_decay * params (coupled)."""

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def init(self, params: Tensor) -> dict[str, Tensor]:
        steps = torch.zeros_like(params[..., :1])
        return {"steps": steps, "first": torch.zeros_like(params), "second": torch.zeros_like(params)}

    def update(self, params: Tensor, grads: Tensor, state: State, hyper: Hyper) -> tuple[Tensor, dict[str, Tensor]]:
        return self._step(params, grads + hyper["weight_decay"] * params, state, hyper)

    def _step(self, params: Tensor, grads: Tensor, state: State, hyper: Hyper) -> tuple[Tensor, dict[str, Tensor]]:
        beta1, beta2, steps = hyper["beta1"], hyper["beta2"], state["steps"] + 1
        first = torch.lerp(grads, state["first"], beta1)
        second = torch.lerp(grads * grads, state["second"], beta2)
        scale = hyper["lr"] / (1 - beta1**steps)
        params = params - scale * first / ((second / (1 - beta2**steps)).sqrt() + hyper["eps"])
        return params, {"steps": steps, "first": first, "second": second}


@dataclass(frozen=True, kw_only=True)
class AdamW(Adam):
    """Adam with decoupled weight decay: params <- (1 - lr weight_decay) params, then Adam's step.

    Loshchilov & Hutter, ICLR 2019, arXiv:1711.05101, algorithm 2 with the learning rate as the decay's multiplier.
    """

    def update(self, params: Tensor, grads: Tensor, state: State, hyper: Hyper) -> tuple[Tensor, dict[str, Tensor]]:
        return self._step(params * (1 - hyper["lr"] * hyper["weight_decay"]), grads, state, hyper)
