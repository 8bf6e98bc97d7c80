"""Functional dropouts in the source of a network that no pass of its trial has called."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Hashable, Iterator
from typing import Any

from torch import nn

from dropout_lab.adoption.functional import is_dropout
from dropout_lab.adoption.places import PASSED_OVER
from dropout_lab.adoption.recorder import Seen


def unmet(network: nn.Module, found: Seen) -> list[str]:
    """Where the methods of the author's classes call a dropout of torch that no pass has called, for people.

    Functions outside of the classes, and source that cannot be read, are passed over.
    """
    met = {place.where(step) for place, _ in found.calls for step in place.steps}
    lines: dict[str, None] = {}
    for kind in dict.fromkeys(type(module) for module in network.modules()):
        for _, method in inspect.getmembers(kind, inspect.isfunction):
            if method.__code__.co_filename.startswith(PASSED_OVER):
                continue
            file = method.__code__.co_filename
            for first, last in _calls(method):
                if not any((file, line) in met for line in range(first, last + 1)):
                    lines[f"{file}, line {first}"] = None
    return list(lines)


def _calls(function: Callable[..., Any]) -> Iterator[tuple[int, int]]:
    """The first and the last line of each call of a dropout of torch."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError, TypeError):
        return
    before = function.__code__.co_firstlineno - 1
    for node in ast.walk(tree):
        named = _named(node.func, function.__globals__) if isinstance(node, ast.Call) else None
        if isinstance(named, Hashable) and is_dropout(named):
            assert isinstance(node, ast.Call)
            yield before + node.lineno, before + (node.end_lineno or node.lineno)


def _named(node: ast.expr, known: dict[str, Any]) -> Any:
    """What a name such as `F.dropout` stands for in a module; None for other expressions."""
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(_named(node.value, known), node.attr, None)
    return None
