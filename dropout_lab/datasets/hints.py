"""Columns that look as if they said which rows belong together, or which are later: told, and never acted on."""

import re
from collections.abc import Container, Mapping
from typing import Any

import pandas as pd

from dropout_lab.datasets.columns import MOSTLY, SCALARS, Column, Place, given, without_missing
from dropout_lab.datasets.spellings import spelling_of

UNITS = (
    "patient|subject|participant|person|user|customer|client|member|player|student|pupil|teacher|speaker|author|writer"
    "|donor|animal|mouse|household|family|school|hospital|clinic|ward|site|cent(?:er|re)|device|machine|sensor|vehicle"
    "|driver|session|account|company|firm|seller|store|product|document|video|slide"
)
NAMED_AS_UNIT = re.compile(rf"(?:.*[_\W])?(?:{UNITS})s?(?:[_\W]?(?:id|no|nr|num|number|code|key|name))?", re.IGNORECASE)
NAMED_AS_IDENTIFIER = re.compile(r"(?i:.*[_\W])(?i:id|uuid|guid)|.*[a-z]I[Dd]|(?i:groups?|group_?id|cluster)")
BORN = re.compile(r"birth|born|dob", re.IGNORECASE)
FEWEST_GROUPS = 5
ROWS_EACH = 2.0
"""The mean number of rows of a value from which on it looks like a group's name."""
LOOKED_AT = 200
"""Different values by which a column is judged."""


def hints(
    frame: pd.DataFrame,
    where: str,
    place: Place,
    *,
    targets: Container[str],
    keep: Container[str],
    asked: Mapping[str, str],
) -> list[str]:
    """Warnings about columns besides the targets, those that are left out too: a sentence for groups and one for times.

    None about columns of `keep`, and none of a kind that is `asked` for: key -> column.
    """
    columns = [
        Column(name, without_missing(frame[name]), where, place)
        for name in map(str, frame)
        if name not in targets and name not in keep and name not in asked.values() and _has_scalars(frame[name])
    ]
    said = []
    if "group" not in asked and (found := next(filter(_names_groups, columns), None)) is not None:
        said.append(
            f"{found} has {found.words.nunique()} different values in {len(found.words)} rows, such as {found.first()};"
            " if rows of one value belong together, they should not be in different parts: keep them in one with"
            f" {given('group', found.name)}"
        )
    if "time" not in asked and (found := next(filter(_has_dates, columns), None)) is not None:
        said.append(
            f"{found} has dates or times, such as {found.first()}; if later rows are to be predicted from earlier ones,"
            f" divide the rows in time with {given('time', found.name)}"
        )
    return said


def _has_scalars(values: "pd.Series[Any]") -> bool:
    return values.dtype != object or all(value is None or isinstance(value, SCALARS) for value in values)


def _names_groups(column: Column) -> bool:
    if not (NAMED_AS_UNIT.fullmatch(column.name) or NAMED_AS_IDENTIFIER.fullmatch(column.name)):
        return False
    different = column.words.nunique()
    return different >= FEWEST_GROUPS and len(column.words) >= ROWS_EACH * different


def _has_dates(column: Column) -> bool:
    if BORN.search(column.name) or column.words.nunique() < 2:
        return False
    if column.values.dtype.kind == "M":
        return True
    if not (column.values.dtype == object or isinstance(column.values.dtype, pd.StringDtype)):
        return False
    some = column.words.drop_duplicates().head(LOOKED_AT)
    dates = [found is not None and found.what == "dates or times" for found in map(spelling_of, some)]
    return sum(dates) > MOSTLY * len(dates)
