"""Keyword arguments as the words of a command: `rate=[0.1, 0.3]` is `rate=0.1,0.3`.

A string is what stands behind the equals sign on the command line: `"interval(0,0.5)"`, `"input,hidden"`. A list is
swept, except where the key takes a list. A mapping names keys below: `optimizer={"lr": 0.1}` is `optimizer.lr=0.1`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from dropout_lab.config.keys import KEYS
from dropout_lab.core.errors import UserError
from dropout_lab.sweeper.launch import quoted

LISTS = {
    *(name for name, key in KEYS.items() if list in key.kind.bases),
    *("objective", "dataset.drop", "dataset.keep", "dataset.target"),
}
"""Keys whose value is a list, so that a list there is one value."""
LITERAL = ("name", *(f"dataset.{key}" for key in ("path", "id", "target", "text")))
"""Keys whose value is a word or a path, so that a string there is taken as it is, commas and blanks included."""
PLAIN_KEY = re.compile(r"[A-Za-z0-9_.-]+")
PLAIN_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_./*-]*")
READ_OTHERWISE = ("null", "true", "false", "nan", "inf")


def words_of(given: Mapping[str, Any]) -> list[str]:
    """The words of keyword arguments, in their order. Raises UserError for a value that no command can have."""
    words = []
    for key, value in given.items():
        words += words_below(key, value) if isinstance(value, Mapping) else [word(key, value)]
    return words


def words_below(key: str, values: Mapping[str, Any]) -> list[str]:
    """The words of the keys below `key`; a mapping within is a value, and so is one with a pattern like `hidden.*`."""
    if not all(PLAIN_KEY.fullmatch(str(name)) for name in values):
        return [word(key, values)]
    return [word(f"{key}.{name}", value) for name, value in values.items()]


def word(key: str, value: Any) -> str:
    """`key=value`, as typed."""
    value = _as_python(key, value)
    if isinstance(value, str):
        return f"{key}={_text(key, value) if key in LITERAL else value}"
    if isinstance(value, list) and key not in LISTS:
        if not value:
            raise UserError(f"{key}=[]: must have a value at least; a list is swept")
        texts = [_text(key, item) for item in value]
        return f"{key}={','.join(texts)}" if len(texts) > 1 else f"{key}=choice({texts[0]})"
    return f"{key}={_text(key, value)}"


def _as_python(key: str, value: Any) -> Any:
    """Arrays, tensors, series, ranges and tuples as lists, and their numbers as Python's."""
    if isinstance(value, torch.Tensor | np.ndarray | np.generic | pd.Series | pd.Index):
        return value.tolist()
    if isinstance(value, tuple | range):
        return list(value)
    if isinstance(value, set | frozenset):
        raise UserError(f"{key}: is a set, which has no order; give a list")
    return value


def _text(key: str, value: Any) -> str:
    """A value in the grammar of overrides, read back as it is."""
    value = _as_python(key, value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        is_plain = PLAIN_WORD.fullmatch(value) and value.lower() not in READ_OTHERWISE
        return value if is_plain else quoted(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{name}:{_text(key, one)}" for name, one in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join(_text(key, one) for one in value) + "]"
    hint = "; a network of yours is model=..., one in a sweep" if callable(value) else ""
    raise UserError(f"{key}: has a {type(value).__name__}; must be numbers, words, None, lists or mappings{hint}")
