"""Numbers as cells of the page's tables."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pandas as pd

from dropout_lab.report.spelling import number, probability

Show = Callable[[str, float], str]
"""`names.value` or `names.difference`."""


class Grid(NamedTuple):
    """A table of text."""

    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


def spread(show: Show, metric: str, mean: float, low: float, high: float) -> str:
    """`0.123 [0.110, 0.136]`: a mean, its interval if it has one, and the unit once."""
    text = show(metric, mean)
    if pd.isna(low) or pd.isna(high):
        return "–" if pd.isna(mean) else text
    unit = next((unit for unit in (" %", " pp") if text.endswith(unit)), "")
    return f"{text} [{show(metric, low).removesuffix(unit)}, {show(metric, high).removesuffix(unit)}]"


def of_row(show: Show, metric: str, row: "pd.Series[Any]", column: str) -> str:
    """`spread` of the columns `column`, `column`_low and `column`_high."""
    return spread(show, metric, *(row.get(f"{column}{end}", float("nan")) for end in ("", "_low", "_high")))


def count(value: float) -> str:
    """`12`, `∞`, or `–` for a missing number."""
    return f"{value:g}" if math.isfinite(value) else number(value)


def p_cell(p: float) -> str:
    """`0.012`, `< 0.001`, or `–` for a missing p."""
    return "–" if pd.isna(p) else probability(float(p)).removeprefix("p = ").removeprefix("p ")
