"""Combinations of settings: a rotation of them for the quick tests, as many others for the slow ones."""

import itertools
import random
from collections.abc import Container, Iterable
from typing import Any

import pytest


def matrix(*axes: Iterable[Any]) -> list[Any]:
    """Combinations of the axes' values, for `pytest.mark.parametrize`: a rotation, and a slow sample of the others.

    The rotation takes each value of the longest axis once, and beside it the next value of every other axis. So every
    value of every axis is among the quick cases. The sample is seeded and as large.
    """
    values = [list(axis) for axis in axes]
    rotation = {
        tuple((turn + number * (turn // len(axis))) % len(axis) for number, axis in enumerate(values))
        for turn in range(max(map(len, values)))
    }
    others = [places for places in itertools.product(*map(range, map(len, values))) if places not in rotation]
    sample = random.Random(0).sample(others, min(len(others), len(rotation)))
    return [
        pytest.param(
            *(axis[at] for axis, at in zip(values, places, strict=True)),
            marks=[] if places in rotation else pytest.mark.slow,
        )
        for places in sorted([*rotation, *sample])
    ]


def first(quick: Container[Any], values: Iterable[Any]) -> list[Any]:
    """The values, for `pytest.mark.parametrize`; all but the `quick` ones are slow."""
    return [pytest.param(value, marks=[] if value in quick else pytest.mark.slow) for value in values]
