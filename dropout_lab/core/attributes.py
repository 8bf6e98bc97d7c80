"""The plain attributes of a network's modules: what forward keeps outside of buffers, which runs would share."""

import random
from collections import deque
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

OURS = "_dropout_lab"
"""Before the names of the attributes that are ours."""
OF_TORCH = frozenset(vars(nn.Module()))
DEEPEST = 8
"""The most containers and objects within each other that are looked into."""


def kept(network: nn.Module) -> dict[str, Any]:
    """The values of the attributes by path: copies, which `changed` compares.

    Numbers, texts, tensors, arrays and random generators, also in lists, tuples, deques, sets, dicts and plain objects;
    each object once.
    """
    known: dict[int, Any] = {}
    return {
        f"{path}.{name}" if path else name: _copied(value, known)
        for path, module in network.named_modules()
        for name, value in vars(module).items()
        if (name == "training" or name not in OF_TORCH) and not name.startswith(OURS)
    }


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The names of the attributes that are new, gone or of another value."""
    names = dict.fromkeys((*before, *after))
    is_known = {name: name in before and name in after for name in names}
    return [name for name in names if not (is_known[name] and _is_same(before[name], after[name]))]


def _copied(value: Any, known: dict[int, Any], depth: int = 0) -> Any:
    """A value that later changes do not reach; None for what is not compared. known: the objects that were met."""
    if isinstance(value, bool | int | float | complex | str | bytes | np.generic):
        return value
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, torch.Generator):
        return value.get_state()
    if isinstance(value, random.Random):
        return value.getstate()
    if isinstance(value, np.random.Generator):
        return repr(value.bit_generator.state)
    if depth == DEEPEST or id(value) in known or isinstance(value, type | ModuleType | nn.Module):
        return None
    known[id(value)] = value
    if isinstance(value, set | frozenset):
        return sorted(map(repr, value))
    if isinstance(value, Mapping):
        return {repr(key): _copied(one, known, depth + 1) for key, one in value.items()}
    if isinstance(value, list | tuple | deque):
        return [_copied(one, known, depth + 1) for one in value]
    return _copied(vars(value), known, depth + 1) if hasattr(value, "__dict__") else None


def _is_same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, Tensor):
        same = one.shape == other.shape and one.dtype == other.dtype
        return same and (one.is_meta or other.is_meta or torch.equal(one.nan_to_num(), other.nan_to_num()))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return bool(one == other) or one != one  # nan
