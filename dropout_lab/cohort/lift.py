"""A function of one lane for all lanes: lifted by vmap, or called lane after lane."""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch.func import vmap

from dropout_lab.core.torch_private import allow_slow_rules, tree_flatten, tree_unflatten

Engine = Literal["lanes", "loop"]
"""lanes: all at once. loop: one after another within every step, for networks that vmap cannot lift."""


def lift(function: Callable[..., Any], engine: Engine) -> Callable[..., Any]:
    """The function of tensors whose first axis is the lane."""
    if engine == "loop":
        return _looped(function)
    allow_slow_rules()
    return vmap(function)


def _looped(function: Callable[..., Any]) -> Callable[..., Any]:
    def of_lanes(*arguments: Any) -> Any:
        leaves, spec = tree_flatten(arguments)
        # Not leaf[lane]: its gradient would be a tensor as large as the leaf for every lane.
        each = zip(*(leaf.unbind(0) for leaf in leaves), strict=True)
        flat, made = [], None
        for lane in each:
            parts, made = tree_flatten(function(*tree_unflatten(list(lane), spec)))
            flat.append(parts)
        assert made is not None, "a cohort has lanes"
        return tree_unflatten([torch.stack(parts) for parts in zip(*flat, strict=True)], made)

    return of_lanes
