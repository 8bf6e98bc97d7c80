"""Optimizers for one run's parameters as one flat vector; the cohort lifts them over its lanes.

An optimizer object holds its hyperparameters. Those that are numbers may differ between lanes, so `update` reads them
from `hyper`, as tensors without dimensions; the others belong to the structure and are shared.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import torch
from torch import Tensor

from dropout_lab.config.bounds import NonNegative, ProperShare

Hyper = Mapping[str, Tensor]
State = Mapping[str, Tensor]


def of_group(pattern: str, name: str) -> str:
    """The name of a group's hyperparameter among the numbers."""
    return f"{name} of {pattern}"


def is_lr(name: str) -> bool:
    """Whether a number is a learning rate: the optimizer's, or that of a group."""
    return name == "lr" or name.startswith(of_group("", "lr"))


@dataclass(frozen=True, kw_only=True)
class AbstractOptimizer(ABC):
    """An optimizer and its hyperparameters."""

    lr: NonNegative
    weight_decay: NonNegative = 0.0
    groups: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Pattern of parameters -> the `lr` and `weight_decay` that they have instead, as torch's parameter groups."""

    def numbers(self) -> dict[str, float]:
        """The hyperparameters that may differ by run; those of groups by `of_group`."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        own = {name: float(value) for name, value in values.items() if isinstance(value, int | float)}
        of_groups = {of_group(at, name): value for at, given in self.groups.items() for name, value in given.items()}
        return {name: value for name, value in own.items() if not isinstance(values[name], bool)} | of_groups

    @abstractmethod
    def init(self, params: Tensor) -> dict[str, Tensor]:
        """The state before the first step; every entry is zero and broadcasts with `params`, (..., size)."""

    @abstractmethod
    def update(self, params: Tensor, grads: Tensor, state: State, hyper: Hyper) -> tuple[Tensor, dict[str, Tensor]]:
        """Parameters and state after one step."""


@dataclass(frozen=True, kw_only=True)
class SGD(AbstractOptimizer):
    """As torch.optim.SGD without dampening: v <- momentum v + g, params <- params - lr v.

    With Nesterov's momentum, params <- params - lr (g + momentum v). g includes weight_decay * params.
    """

    momentum: ProperShare = 0.0
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

    beta1: ProperShare = 0.9
    beta2: ProperShare = 0.999
    eps: NonNegative = 1e-8

    def init(self, params: Tensor) -> dict[str, Tensor]:
        moments = {name: torch.zeros_like(params) for name in ("first", "second")}
        return moments | {name: torch.zeros_like(params[..., :1]) for name in ("first_weight", "second_weight")}

    def update(self, params: Tensor, grads: Tensor, state: State, hyper: Hyper) -> tuple[Tensor, dict[str, Tensor]]:
        return self._step(params, grads + hyper["weight_decay"] * params, state, hyper)

    def _step(self, params: Tensor, grads: Tensor, state: State, hyper: Hyper) -> tuple[Tensor, dict[str, Tensor]]:
        # Only products and sums: a lane's bits must not depend on its place in memory, and pow, lerp and fused products
        # round differently in the vectorised body and in the tail of a loop. The weights are 1 - beta^t.
        beta1, beta2 = hyper["beta1"], hyper["beta2"]
        new = {
            "first": beta1 * state["first"] + (1 - beta1) * grads,
            "second": beta2 * state["second"] + (1 - beta2) * (grads * grads),
            "first_weight": beta1 * state["first_weight"] + (1 - beta1),
            "second_weight": beta2 * state["second_weight"] + (1 - beta2),
        }
        spread = (new["second"] / new["second_weight"]).sqrt() + hyper["eps"]
        return params - (hyper["lr"] / new["first_weight"]) * new["first"] / spread, new


@dataclass(frozen=True, kw_only=True)
class AdamW(Adam):
    """Adam with decoupled weight decay: params <- (1 - lr weight_decay) params, then Adam's step.

    Loshchilov & Hutter, ICLR 2019, arXiv:1711.05101, algorithm 2 with the learning rate as the decay's multiplier.
    """

    def update(self, params: Tensor, grads: Tensor, state: State, hyper: Hyper) -> tuple[Tensor, dict[str, Tensor]]:
        return self._step(params * (1 - hyper["lr"] * hyper["weight_decay"]), grads, state, hyper)


@dataclass(frozen=True, kw_only=True)
class RMSprop(AbstractOptimizer):
    """As torch.optim.RMSprop: v <- alpha v + (1 - alpha) g^2, params <- params - lr g / (sqrt(v) + eps).

    With momentum, the step's direction is b <- momentum b + g / (sqrt(v) + eps). Centered, v is less the square of g's
    moving average. g includes weight_decay * params. Tieleman & Hinton, Neural Networks for Machine Learning, lecture
    6.5, 2012; centered: Graves, arXiv:1308.0850, equations 38 to 45.
    """

    alpha: ProperShare = 0.99
    eps: NonNegative = 1e-8
    momentum: ProperShare = 0.0
    centered: bool = False

    def init(self, params: Tensor) -> dict[str, Tensor]:
        names = ("second", "velocity", *(("first",) if self.centered else ()))
        return {name: torch.zeros_like(params) for name in names}

    def update(self, params: Tensor, grads: Tensor, state: State, hyper: Hyper) -> tuple[Tensor, dict[str, Tensor]]:
        grads, alpha = grads + hyper["weight_decay"] * params, hyper["alpha"]
        new = {"second": alpha * state["second"] + (1 - alpha) * (grads * grads)}
        spread = new["second"]
        if self.centered:
            new["first"] = alpha * state["first"] + (1 - alpha) * grads
            # Below 0 by rounding where the gradient hardly changes; the root of that would be NaN.
            spread = (spread - new["first"] * new["first"]).clamp(min=0)
        new["velocity"] = hyper["momentum"] * state["velocity"] + grads / (spread.sqrt() + hyper["eps"])
        return params - hyper["lr"] * new["velocity"], new
