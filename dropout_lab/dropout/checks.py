"""Checks of what a method of dropout is told."""

from collections.abc import Sequence
from math import inf

from dropout_lab.core.errors import UserError


def require_share(key: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise UserError(f"{key}={value}: must be at least 0 and at most 1")


def require_least(key: str, value: float, least: float, *, above: bool = False) -> None:
    """Of a finite number: at least `least`, or above it."""
    if not least <= value < inf or (above and value == least):
        raise UserError(f"{key}={value}: must be a finite number {'above' if above else 'of at least'} {least:g}")


def require_whole(key: str, value: int) -> None:
    if value < 1:
        raise UserError(f"{key}={value}: must be a whole number of at least 1")


def require_one_of(key: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise UserError(f"{key}={value}: must be one of {', '.join(allowed)}")
