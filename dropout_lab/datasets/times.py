"""Rows in the order of their times, and a cut at which the later ones begin."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.columns import Column, numeric, shown, typed, without_missing
from dropout_lab.datasets.files import NO_MARKS, Marks
from dropout_lab.datasets.reading import read_column
from dropout_lab.datasets.words_read import Open

REMEDY = "must be numbers, dates or times of the day, such as 2024-01-31"
TYPES = ("number", "decimal_point", "decimal_comma", "date", "day_first", "month_first")
"""What dataset.columns can say of a time."""


def times_of(
    column: Column, wanted: str | None = None, marks: Marks = NO_MARKS
) -> tuple[NDArray[np.float64], "pd.Series[Any]", str]:
    """(n,) numbers that grow with time, the times as they were read, numbers or dates, and what was guessed of them.

    Words are read as those of a feature are, see `reading`. `wanted`: what dataset.columns says of the column. Raises
    UserError, with the row, for one that is missing or no time, and for days and months that may be exchanged.
    """
    values = without_missing(column.values)
    if values.isna().any():
        row = int(values.isna().to_numpy().argmax())
        word = column.values.iloc[row]
        is_what = f"has {shown(word)}, which stands for a missing value" if isinstance(word, str) else "is empty"
        raise UserError(f"{column.at(row)}, dataset.time, {is_what}; must have a time in every row")
    if values.dtype.kind in "mM":
        return numeric(values), values, ""
    if wanted not in (None, "drop", *TYPES):
        raise UserError(f"dataset.columns: {column.name} is dataset.time and cannot be {wanted!r}; {REMEDY}")
    try:
        found = read_column(column, wanted if wanted in TYPES else None, False, marks)
    except UserError as error:
        raise UserError(f"dataset.time={column.name}: {error}") from error
    if isinstance(found, Open):
        keys = f"{typed((column.name, 'decimal_point'))} or {typed((column.name, 'decimal_comma'))}"
        raise UserError(f"{column.at(column.row_of(found.word))}, dataset.time, has {found.word!r}; give {keys}")
    if found.kind not in ("number", "date", "time of day"):
        row = int(np.argmin(np.isfinite(numeric(column.values))))
        raise UserError(f"{column.at(row)}, dataset.time, has {shown(column.values.iloc[row])}; {REMEDY}")
    times = found.column.numeric
    if not np.isfinite(times).all():
        row = int(np.argmin(np.isfinite(times)))
        raise UserError(f"{column.at(row)}, dataset.time, has {shown(column.values.iloc[row])}, which is no time")
    told = "; ".join(one for one in found.told if one != "is a date")
    read = pd.Series(times, index=column.values.index)
    return times, pd.to_datetime(read, unit="s").dt.round("us") if found.kind == "date" else read, told


def later(times: NDArray[np.float64], size: int, key: str) -> NDArray[np.bool_]:
    """Which rows are the latest `size`, or as near to that as a cut between different times allows.

    Rows of one time stay on one side. Raises UserError where all have the same time, with the key of the size.
    """
    different, counts = np.unique(times, return_counts=True)
    if len(different) < 2:
        raise UserError(f"{key}: all {len(times)} rows to be divided have the same dataset.time, so none is later")
    after = len(times) - np.cumsum(counts)[:-1]
    cut = different[int(np.argmin(np.abs(after - size)))]
    is_later: NDArray[np.bool_] = times > cut
    return is_later
