"""Columns of which nothing can be learned: indices, constants, empty ones, names and texts."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dropout_lab.datasets.columns import MOSTLY, Column, given, setting
from dropout_lab.datasets.reading import Reading

UNNAMED = re.compile(r"\s*|Unnamed: \d+(_level_\d+)?|index|level_\d+|__index_level_\d+__", re.IGNORECASE)
WORDY = 4
"""Words that a value of a column of text has, on average."""


@dataclass(frozen=True)
class LeftOut:
    column: Column
    told: str
    change: str = ""


def left_out(reading: Reading, outside: NDArray[np.bool_]) -> LeftOut | None:
    """Why nothing can be learned from a column; None if something can, or if its type was asked for."""
    column = reading.column
    missing = column.missing
    if missing[outside].all():
        return LeftOut(column, "has no value" if missing.all() else "has no value outside of the test set")
    if reading.is_settled:
        return None
    keep = setting("keep", column.name)
    if UNNAMED.fullmatch(column.name) and reading.kind == "number" and _counts(column):
        return LeftOut(column, "counts the rows, as a saved index does", keep)
    if not missing[outside].any() and _is_constant(column, reading.kind == "category", outside):
        return LeftOut(column, "has the same value in every row", keep)
    return _names_or_text(column) if reading.kind == "category" else None


def _counts(column: Column) -> bool:
    steps = np.arange(len(column.values))
    start = column.numeric[0]
    return start in (0, 1) and bool(np.array_equal(column.numeric, steps + start))


def _is_constant(column: Column, is_category: bool, outside: NDArray[np.bool_]) -> bool:
    if not is_category:
        numbers = column.numeric[outside]
        return bool((numbers == numbers[0]).all())
    words = column.values[outside]
    return bool((words == words.iloc[0]).all())


def _names_or_text(column: Column) -> LeftOut | None:
    """A word of its own in most rows."""
    words = column.values[~column.missing]
    different = words.nunique()
    if different <= max(MOSTLY * len(words), 2):
        return None
    is_text = words.head(1000).map(lambda text: len(str(text).split())).mean() >= WORDY
    told = f"has {different} different {'texts' if is_text else 'words'} in {len(words)} rows"
    if is_text:
        return LeftOut(column, f"{told}; to learn from it, take dataset=labelled_text {given('text', column.name)}")
    return LeftOut(column, f"{told}, which are no categories", setting("keep", column.name))
