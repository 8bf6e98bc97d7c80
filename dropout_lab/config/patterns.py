"""Patterns over the names of a network's parameters."""

from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from dropout_lab.config.bounds import NonNegative
from dropout_lab.config.kinds import Kind
from dropout_lab.config.refusals import closest
from dropout_lab.core.errors import UserError

OVERRIDES = ("lr", "weight_decay")
"""What a group of parameters may have for itself."""
NUMBER = Kind(NonNegative)
FEW = 8
"""Names that a message lists."""


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """The parameters that a pattern names: a parameter, or all of a module; a glob (`*`, `?`, `[...]`) of either.

    As in fnmatch, `*` matches dots too.
    """
    return [name for name in names if fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}.*")]


def flat_groups(groups: Mapping[Any, Any]) -> dict[str, dict[str, float]]:
    """`optimizer.groups` as pattern -> what it overrides, without nulls.

    It may be nested, as a command line's `optimizer.groups.layers.1.lr=0.01` makes it. Raises UserError for what is no
    learning rate or weight decay.
    """
    found: dict[str, dict[str, float]] = {}
    _collect(groups, "", found)
    return found


def _collect(groups: Any, prefix: str, found: dict[str, dict[str, float]]) -> None:
    key = f"optimizer.groups.{prefix}".rstrip(".")
    if not isinstance(groups, Mapping):
        raise UserError(
            f"{key}={groups}: must be patterns of parameters with {' or '.join(OVERRIDES)}, such as"
            " {head: {lr: 0.01}}"
        )
    for name, value in groups.items():
        if isinstance(value, Mapping) or not prefix:
            _collect(value, f"{prefix}{name}.", found)
        elif name not in OVERRIDES:
            raise UserError(f"{key}.{name}: there is no such key; a group has {' and '.join(OVERRIDES)}")
        elif value is not None:
            NUMBER.check(f"{key}.{name}", value)
            found.setdefault(prefix.rstrip("."), {})[name] = float(value)


def check_matches(key: str, pattern: str, names: Collection[str]) -> None:
    """Raises UserError, with near names, for a pattern that names no parameter; `key` names its place."""
    if matching(pattern, names):
        return
    modules = {name[:place] for name in names for place, sign in enumerate(name) if sign == "."}
    listed = ", ".join(list(names)[:FEW]) + (f" and {len(names) - FEW} more" if len(names) > FEW else "")
    raise UserError(
        f"{key}: no parameter matches {pattern}; the network has {listed}{closest(pattern, [*names, *sorted(modules)])}"
    )
