"""A hash of what a function or class without an importable name does, so that an edited one is not taken for the old.

Code counts, and what it reaches: closures, defaults, and globals of `__main__`. What another module defines counts by
its name alone, as it does where a config names it.
"""

import builtins
import functools
import hashlib
import inspect
import types
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from dropout_lab.config.targets import find

PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))
UNSAID = (
    "__module__",
    "__dict__",
    "__weakref__",
    "__doc__",
    "__qualname__",
    "__firstlineno__",
    "__static_attributes__",
)
"""Attributes of a class that say nothing about what it does."""


def fingerprint(value: Any) -> str:
    """Eight hexadecimal digits: equal for equal code in another process of the same Python."""
    return hashlib.sha256("\n".join(_said(value, {})).encode()).hexdigest()[:8]


def importable(value: Any) -> str | None:
    """The dotted name by which another process imports a function or class; None if it has none."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not module or not name or module == "__main__" or "<" in name:
        return None
    try:
        found = find(f"{module}.{name}")
    except ImportError:
        return None
    return f"{module}.{name}" if found is value else None


def _said(value: Any, seen: dict[int, int]) -> Iterator[str]:
    """Lines that describe a value. `seen` numbers what is described already, for what refers to itself."""
    if isinstance(value, PLAIN):
        yield f"{type(value).__name__} {value!r}"
        return
    if id(value) in seen:
        yield f"again {seen[id(value)]}"
        return
    seen[id(value)] = len(seen)
    if isinstance(value, types.ModuleType):
        yield f"module {value.__name__}"
    elif isinstance(value, type | types.FunctionType | types.BuiltinFunctionType) and (name := importable(value)):
        yield f"named {name}"
    elif isinstance(value, types.FunctionType):
        yield from _function(value, seen)
    elif isinstance(value, type):
        yield f"class {value.__qualname__}"
        for base in value.__bases__:
            yield from _said(base, seen)
        for name, part in sorted(vars(value).items()):
            if name not in UNSAID:
                yield name
                yield from _said(part, seen)
    else:
        yield from _instance(value, seen)


def _function(function: types.FunctionType, seen: dict[int, int]) -> Iterator[str]:
    yield f"function {function.__name__}"
    yield from _code(function.__code__)
    for held in (function.__defaults__, function.__kwdefaults__):
        yield from _said(held, seen)
    for cell in function.__closure__ or ():
        yield from _said(cell.cell_contents, seen)
    for name in sorted(_names(function.__code__)):
        if name in function.__globals__ and not hasattr(builtins, name):
            yield f"global {name}"
            yield from _said(function.__globals__[name], seen)


def _code(code: types.CodeType) -> Iterator[str]:
    """Instructions and constants; not the lines on which they stand."""
    yield f"code {code.co_code.hex()} {code.co_exceptiontable.hex()}"
    yield f"names {code.co_names} {code.co_varnames} {code.co_freevars}"
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _code(constant)
        else:
            yield repr(sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant)


def _names(code: types.CodeType) -> set[str]:
    inner = (constant for constant in code.co_consts if isinstance(constant, types.CodeType))
    return set(code.co_names).union(*map(_names, inner))


def _instance(value: Any, seen: dict[int, int]) -> Iterator[str]:
    yield f"a {type(value).__qualname__}"
    if isinstance(value, torch.Tensor | np.ndarray):
        array = np.asarray(value.detach().cpu() if isinstance(value, torch.Tensor) else value)
        yield f"{array.shape} {array.dtype} {hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()}"
        return
    parts: Any = ()
    if isinstance(value, Mapping):
        parts = [one for pair in value.items() for one in pair]
    elif isinstance(value, list | tuple):
        parts = value
    elif isinstance(value, set | frozenset):
        parts = sorted(value, key=repr)
    elif isinstance(value, functools.partial):
        parts = (value.func, value.args, value.keywords)
    elif inspect.ismethod(value):
        parts = (value.__func__, value.__self__)
    elif isinstance(value, classmethod | staticmethod):
        parts = (value.__func__,)
    elif isinstance(value, property):
        parts = (value.fget, value.fset)
    elif importable(type(value)) is None or hasattr(value, "__call__"):  # noqa: B004 (of itself, not of its type alone)
        parts = (type(value), vars(value) if hasattr(value, "__dict__") else None)
    else:
        parts = _state(value)
    for part in parts:
        yield from _said(part, seen)


def _state(value: Any) -> tuple[Any, ...]:
    """What an instance of a known class is made of, as pickle asks it; of what cannot be pickled, its attributes."""
    try:
        reduced = value.__reduce_ex__(2)
    except Exception:  # whatever an object raises that cannot be pickled
        return (vars(value),) if hasattr(value, "__dict__") else (repr(value),)
    return reduced if isinstance(reduced, tuple) else (reduced,)
