"""The columns of a table, declared once for its frame, its tests and its readers."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd


class Column(NamedTuple):
    """`unit`: empty for text, numbers of trials and bare numbers. `kind`: float, int, bool, or object for text."""

    unit: str
    meaning: str
    kind: type = object


Columns = Mapping[str, Column]


def whole(meaning: str, unit: str = "") -> Column:
    return Column(unit, meaning, int)


def real(meaning: str, unit: str = "") -> Column:
    return Column(unit, meaning, float)


def text(meaning: str, unit: str = "") -> Column:
    return Column(unit, meaning, object)


def truth(meaning: str) -> Column:
    return Column("true, false", meaning, bool)


METRIC = "of the metric"
"""The unit of the row's metric, see frames.md."""

OBJECTIVE = "of the objective"

TRIAL: Columns = {"trial": whole("number of the trial"), "name": text("the configuration's name")}


def made(columns: Columns, data: Mapping[str, Any] | pd.DataFrame | None = None) -> pd.DataFrame:
    """Make a frame with exactly these columns, in this order and of these kinds; without `data`, it has no rows."""
    empty = data is None or (isinstance(data, Mapping) and not data)
    frame = pd.DataFrame({name: [] for name in columns}) if empty else pd.DataFrame(data)
    missing, strange = columns.keys() - set(frame.columns), set(frame.columns) - columns.keys()
    if missing or strange:
        raise ValueError(f"the table lacks the columns {sorted(missing)} and has the unknown ones {sorted(strange)}")
    frame = frame.reset_index(drop=True)
    # `astype` of a frame takes several times as long, because it joins its columns one by one.
    return pd.DataFrame({name: _of_kind(frame[name], column.kind) for name, column in columns.items()}, copy=False)


def _of_kind(values: "pd.Series[Any]", kind: type) -> "pd.Series[Any]":
    return values if values.dtype == kind else values.astype(kind)
