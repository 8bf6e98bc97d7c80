"""The functions of torch that drop: what a call of them says, and their results with another dropout."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from dropout_lab.adoption.places import Place
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

BATCHED: Mapping[Callable[..., Any], int] = {F.dropout1d: 3, F.dropout3d: 5}
"""The dimensions of a batch; with others, torch takes the first axis, which has the examples, for that of channels."""

ATTENTION = F.scaled_dot_product_attention


@dataclass(frozen=True)
class Call:
    """A functional dropout in a pass."""

    place: Place
    turn: int
    """How often its line was met before in the same call of the module's forward, as in a loop."""
    own: Own
    drops: bool
    """Whether it drops in this pass. F.dropout also drops in evaluation mode unless `training` is passed."""
    is_attention: bool
    in_place: bool = False
    shape: tuple[int, ...] = ()
    """The shape of one example's values."""

    @property
    def effect(self) -> tuple[str, float]:
        """The method, and the rate in this pass."""
        return (self.own.method, self.own.rate) if self.drops else ("", 0.0)


def is_dropout(function: Any) -> bool:
    """Whether something is a function of torch that drops, or may drop: attention at its weights."""
    return function in METHODS or function is ATTENTION


def method_of(function: Callable[..., Any], dimensions: int) -> str:
    """The method of conf/dropout/ that does the same as a function of torch to a batch with so many dimensions."""
    method, _ = METHODS[function]
    if method == "spatial" and dimensions != BATCHED.get(function, dimensions):
        return "stochastic_depth"
    return "standard" if method == "spatial" and dimensions == 2 else method


def call(function: Callable[..., Any], arguments: Sequence[Any], named: Mapping[str, Any], place: Place) -> Call:
    """What a call of a function that drops says: the arguments of `METHODS` are (input, p, training, inplace)."""
    if function is ATTENTION:
        p = float(named.get("dropout_p", arguments[4] if len(arguments) > 4 else 0.0))
        own = Own("attention", p, f"F.scaled_dot_product_attention(dropout_p={p:g})")
        return Call(place, 0, own, drops=p > 0, is_attention=True)
    p = float(named.get("p", arguments[1] if len(arguments) > 1 else 0.5))
    training = named.get("training", named.get("train", arguments[2] if len(arguments) > 2 else True))
    in_place = named.get("inplace", arguments[3] if len(arguments) > 3 else False)
    given = arguments[0] if arguments else named["input"]
    own = Own(method_of(function, given.dim()), p, f"{METHODS[function][1]}(p={p:g})")
    return Call(place, 0, own, bool(training) and p > 0, False, bool(in_place) or function is torch.dropout_)


def dropped(
    function: Callable[..., Any],
    arguments: Sequence[Any],
    named: Mapping[str, Any],
    drop: Callable[[Tensor], Tensor],
) -> Any:
    """The result of a function that drops, with `drop` in the place of its dropout."""
    if function is ATTENTION:
        return attend(*arguments, **{**named, "drop": drop})
    return drop(arguments[0] if arguments else named["input"])


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
