"""Columns that look as if they said which rows belong together, or which are later: told, and never acted on."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dropout_lab.datasets.columns import MOSTLY, SCALARS, Column, Place, given, without_missing
from dropout_lab.datasets.spellings import FOR_MISSING, is_time, spelled

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
    left = {
        str(name): values
        for name, values in frame.items()
        if name not in targets and name not in keep and name not in asked.values()
    }

    def columns(names: Iterable[str]) -> Iterable[Column]:
        return (Column(name, without_missing(left[name]), where, place) for name in names if _has_scalars(left[name]))

    said = []
    groups = columns(filter(_is_name_of_groups, left))
    if "group" not in asked and (found := next(filter(_has_groups, groups), None)) is not None:
        said.append(
            f"{found} has {found.words.nunique()} different values in {len(found.words)} rows, such as {found.first()};"
            " if rows of one value belong together, they should not be in different parts: keep them in one with"
            f" {given('group', found.name)}"
        )
    dates = columns(name for name, values in left.items() if BORN.search(name) is None and _has_dates(values))
    if "time" not in asked and (found := next(iter(dates), None)) is not None:
        said.append(
            f"{found} has dates or times, such as {found.first()}; if later rows are to be predicted from earlier ones,"
            f" divide the rows in time with {given('time', found.name)}"
        )
    return said


def _has_scalars(values: "pd.Series[Any]") -> bool:
    return values.dtype != object or all(value is None or isinstance(value, SCALARS) for value in values)


def _is_name_of_groups(name: str) -> bool:
    return (NAMED_AS_UNIT.fullmatch(name) or NAMED_AS_IDENTIFIER.fullmatch(name)) is not None


def _has_groups(column: Column) -> bool:
    different = column.words.nunique()
    return different >= FEWEST_GROUPS and len(column.words) >= ROWS_EACH * different


def _has_dates(values: "pd.Series[Any]") -> bool:
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if values.dtype.kind == "M":
        return values.nunique() > 1
    if not _has_scalars(values):
        return False
    some = _different(values)
    if len(some) < 2 or not any(map(is_time, some[: len(some) // 2 + 1])):  # if half are none, most are none
        return False
    return sum(map(is_time, some)) > MOSTLY * len(some)


def _different(values: "pd.Series[Any]") -> Sequence[str]:
    """The first LOOKED_AT different words of a column; none of one that has no words."""
    if isinstance(values.dtype, pd.StringDtype):  # of thousands of columns, so without the calls of pandas
        missing = frozenset(spelled(FOR_MISSING))
        begin = pc.unique(pa.array(values.array))[: LOOKED_AT + len(missing) + 1].to_pylist()
        return [word for word in begin if word is not None and word not in missing][:LOOKED_AT]
    if values.dtype != object:
        return ()
    words: Sequence[str] = without_missing(values).dropna().astype(str).drop_duplicates().head(LOOKED_AT).tolist()
    return words
