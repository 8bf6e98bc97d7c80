"""Dropouts that a forward calls as functions: found in one pass, and given to sites in every other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from dropout_lab.core.errors import UserError
from dropout_lab.sites.info import Own

METHODS: Mapping[Callable[..., Any], tuple[str, str]] = {
    F.dropout: ("standard", "F.dropout"),
    torch.dropout: ("standard", "torch.dropout"),
    torch.dropout_: ("standard", "torch.dropout_"),
    F.dropout1d: ("spatial", "F.dropout1d"),
    F.dropout2d: ("spatial", "F.dropout2d"),
    F.dropout3d: ("spatial", "F.dropout3d"),
    torch.feature_dropout: ("spatial", "torch.feature_dropout"),
    F.alpha_dropout: ("alpha", "F.alpha_dropout"),
    F.feature_alpha_dropout: ("feature_alpha", "F.feature_alpha_dropout"),
}
"""Functions of torch, the methods of conf/dropout/ that do the same, and how people write them."""

ATTENTION = F.scaled_dot_product_attention


class Call(NamedTuple):
    """A functional dropout in a pass."""

    module: str
    """The path of the module in whose forward it is."""
    own: Own
    drops: bool
    """Whether it drops in this pass. F.dropout also drops in evaluation mode unless `training` is passed."""
    is_attention: bool
    in_place: bool = False


class Recorder(TorchFunctionMode):
    """Records the functional dropouts of a pass, which drop nothing in it, and the modules that draw by themselves."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.drawing: dict[str, tuple[Any, Any]] = {}
        """Path of a module without children that changed torch's random state -> its arguments and its output."""
        self._path: list[str] = [""]
        self._states: list[Tensor] = []
        self._network = network

    @contextmanager
    def watching(self) -> Iterator["Recorder"]:
        """A context in which the mode is on and knows the module whose forward runs."""

        def enter(path: str) -> Callable[..., None]:
            def hook(module: nn.Module, arguments: Any) -> None:
                self._path.append(path)
                self._states.append(torch.get_rng_state())

            return hook

        def leave(module: nn.Module, arguments: Any, output: Any) -> None:
            path = self._path.pop()
            if not torch.equal(self._states.pop(), torch.get_rng_state()) and not list(module.children()):
                self.drawing[path] = arguments, output

        hooks = []
        for path, module in self._network.named_modules():
            hooks += [module.register_forward_pre_hook(enter(path)), module.register_forward_hook(leave)]
        try:
            with self:
                yield self
        finally:
            for hook in hooks:
                hook.remove()

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        named = kwargs or {}
        if function in METHODS:
            self.calls.append(_call(self._path[-1], function, args, named))
            return args[0] if args else named["input"]
        if function is ATTENTION:
            p = float(named.get("dropout_p", args[4] if len(args) > 4 else 0.0))
            own = Own("attention", p, f"F.scaled_dot_product_attention(dropout_p={p:g})")
            self.calls.append(Call(self._path[-1], own, drops=p > 0, is_attention=True))
            return attend(*args, **{**named, "drop": _nothing})
        return function(*args, **named)


def _call(path: str, function: Callable[..., Any], arguments: Sequence[Any], named: Mapping[str, Any]) -> Call:
    """What a call of one of `METHODS` says; their arguments are (input, p, training, inplace)."""
    p = float(named.get("p", arguments[1] if len(arguments) > 1 else 0.5))
    training = named.get("training", named.get("train", arguments[2] if len(arguments) > 2 else True))
    in_place = named.get("inplace", arguments[3] if len(arguments) > 3 else False)
    method, written = METHODS[function]
    own = Own(method, p, f"{written}(p={p:g})")
    return Call(path, own, bool(training) and p > 0, False, bool(in_place) or function is torch.dropout_)


class Replay(TorchFunctionMode):
    """Gives the n-th functional dropout of a pass to the n-th site."""

    def __init__(self, sites: Sequence[nn.Module]) -> None:
        super().__init__()
        self._sites, self._count = sites, 0

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        named = kwargs or {}
        if function in METHODS:
            return self._next()(args[0] if args else named["input"])
        if function is ATTENTION:
            return attend(*args, **{**named, "drop": self._next()})
        return function(*args, **named)

    def _next(self) -> nn.Module:
        if self._count == len(self._sites):
            raise UserError(
                f"forward calls more than the {len(self._sites)} functional dropouts of its first pass; how many it"
                " calls may not depend on values or on the mode"
            )
        self._count += 1
        return self._sites[self._count - 1]

    def finished(self) -> None:
        """Raises UserError if the pass called fewer dropouts than the first one."""
        if self._count < len(self._sites):
            raise UserError(
                f"forward calls {self._count} functional dropouts, and called {len(self._sites)} in its first pass, in"
                " training mode; how many it calls may depend neither on values nor on the mode: write"
                " F.dropout(..., training=self.training), without a branch"
            )


def _nothing(weights: Tensor) -> Tensor:
    return weights


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    *,
    drop: Callable[[Tensor], Tensor],
) -> Tensor:
    """F.scaled_dot_product_attention written out, with `drop` at its weights; (..., steps, features)."""
    if enable_gqa:
        groups = query.shape[-3] // key.shape[-3]
        key, value = key.repeat_interleave(groups, -3), value.repeat_interleave(groups, -3)
    scores = query @ key.mT * (query.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        steps = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
        scores = scores.masked_fill(~steps, float("-inf"))
    if attn_mask is not None:
        is_bool = attn_mask.dtype == torch.bool
        scores = scores.masked_fill(~attn_mask, float("-inf")) if is_bool else scores + attn_mask
    return drop(softmax(scores)) @ value


def softmax(scores: Tensor) -> Tensor:
    """Attention weights: (..., queries, keys). A query that may see no key has weights of 0, as in torch."""
    hidden = torch.isneginf(scores).all(-1, keepdim=True)
    return scores.masked_fill(hidden, 0.0).softmax(-1).masked_fill(hidden, 0.0)
