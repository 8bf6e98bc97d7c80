"""The recorded command with other settings."""

import shlex
from collections.abc import Mapping, Sequence

from dropout_lab.report.spelling import setting


def rerun(command: str, changes: Mapping[str, str]) -> str:
    """The command with these overrides in the place of its own."""
    words = shlex.split(command)
    kept = [word for word in words if word.partition("=")[0].lstrip("+") not in changes]
    return shlex.join([*kept, *(f"{key}={value}" for key, value in changes.items())])


def renamed(command: str, suffix: str) -> dict[str, str]:
    """Another name for the folder of a sweep whose fixed settings change; the default name follows by itself."""
    given = [word.partition("=") for word in shlex.split(command) if word.startswith(("name=", "folder="))]
    return {key: f"{value}-{suffix}" for key, _, value in given}


def extended(values: Sequence[float], side: str, least: float, most: float) -> list[float] | None:
    """A grid with one more value at its `lower` or `upper` end, in steps like the last; None beyond the bounds."""
    known = sorted(values)
    if len(known) < 2:
        return None
    inner, outer = (known[1], known[0]) if side == "lower" else (known[-2], known[-1])
    is_geometric = inner > 0 and outer > 0 and max(outer / inner, inner / outer) > 1.9
    one = outer * outer / inner if is_geometric else 2 * outer - inner
    if side == "lower" and not is_geometric and one <= least:
        one = (least + outer) / 2
    one = float(f"{one:.3g}")
    if not least < one <= most or one in known:
        return None
    return [one, *known] if side == "lower" else [*known, one]


def as_grid(values: Sequence[float]) -> str:
    """`0.1,0.2`: a grid as an override."""
    return ",".join(setting(value) for value in values)
