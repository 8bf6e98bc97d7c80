"""What the columns of a table are: a table says it once, for its frame, its tests and its readers."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd


class Column(NamedTuple):
    """`kind`: float, int, bool, or object for words and for values of several kinds. `meaning`: with its unit."""

    kind: type
    meaning: str


Columns = Mapping[str, Column]


def whole(meaning: str) -> Column:
    return Column(int, meaning)


def real(meaning: str) -> Column:
    return Column(float, meaning)


def text(meaning: str) -> Column:
    return Column(object, meaning)


def truth(meaning: str) -> Column:
    return Column(bool, meaning)


TRIAL: Columns = {"trial": whole("number of the trial"), "name": text("the configuration in words")}


def made(columns: Columns, data: Mapping[str, Any] | pd.DataFrame | None = None) -> pd.DataFrame:
    """A frame with exactly these columns, in this order and of these kinds; without `data`, one without rows."""
    empty = data is None or (isinstance(data, Mapping) and not data)
    frame = pd.DataFrame({name: [] for name in columns}) if empty else pd.DataFrame(data)
    missing, strange = columns.keys() - set(frame.columns), set(frame.columns) - columns.keys()
    if missing or strange:
        raise ValueError(f"the table lacks the columns {sorted(missing)} and has {sorted(strange)} that it should not")
    return frame[list(columns)].astype({name: column.kind for name, column in columns.items()}).reset_index(drop=True)
