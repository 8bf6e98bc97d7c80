"""The readings of all columns of a table, and the rows of the table of what was understood."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.column_reading import ColumnReading
from dropout_lab.datasets.columns import Column, Place, has_blanks, require_scalars, setting, shown, stripped, typed
from dropout_lab.datasets.files import Marks
from dropout_lab.datasets.left_out import LeftOut, left_out
from dropout_lab.datasets.reading import Reading, read_column, settle
from dropout_lab.datasets.target import EncodedTarget
from dropout_lab.datasets.words_read import Open

MOST_REFUSED = 10
"""So many columns are refused at once."""


def read_all(
    columns: Sequence[Column],
    wanted: Mapping[str, str],
    keep: Sequence[str],
    marks: Marks,
    outside: NDArray[np.bool_],
) -> dict[str, Reading | LeftOut]:
    """What each column is. Raises UserError with all columns that can be read in two ways or not at all."""
    found: dict[str, Reading | LeftOut | Open] = {}
    refused: dict[str, str] = {}
    for column in columns:
        try:
            require_scalars(column.values, column.name, column.where, column.place)
            found[column.name] = read_column(column, wanted.get(column.name), column.name in keep, marks)
        except UserError as error:
            refused[column.name] = str(error)
    says = {one.says_decimal: one for one in found.values() if isinstance(one, Reading) and one.says_decimal}
    settled: dict[str, Reading | LeftOut] = {}
    for name, one in found.items():
        if not isinstance(one, Open):
            settled[name] = one
        elif len(says) == 1:
            ((decimal, other),) = says.items()
            settled[name] = settle(one, decimal, f"column {other.column.name}")
        else:
            refused[name] = _open(one, bool(says))
    if refused:
        lines = list(refused.values())
        more = [f"And {len(lines) - MOST_REFUSED} more columns"] if len(lines) > MOST_REFUSED else []
        at_once = (
            [f"All of these are left out with {setting('drop', *refused)}"] if 1 < len(lines) <= MOST_REFUSED else []
        )
        raise UserError("\n".join([*lines[:MOST_REFUSED], *more, *at_once]))
    return {name: left_out(one, outside) or one if isinstance(one, Reading) else one for name, one in settled.items()}


def said(reading: Reading | LeftOut, features: Sequence[str], told: Sequence[str]) -> ColumnReading:
    """The row of a column in the table of what was understood."""
    column = reading.column
    example = "" if column.missing.all() else column.first()
    missing = int(column.missing.sum())
    if isinstance(reading, LeftOut):
        return ColumnReading(column.name, "left out", missing, example, (), reading.told, reading.change)
    all_told = (*reading.told, *told)
    change = reading.change or (typed((column.name, "category")) if told else "")
    return ColumnReading(column.name, reading.kind, missing, example, tuple(features), "; ".join(all_told), change)


def readings_of_targets(values: pd.DataFrame, target: EncodedTarget, place: Place) -> list[ColumnReading]:
    """The rows of the targets."""
    kinds = {
        "classification": f"target: {target.outputs} classes",
        "multilabel": "target: a label" if len(values.columns) > 1 else f"target: {target.outputs} labels",
    }
    kind = kinds.get(target.task, "target: a number")
    return [
        ColumnReading(str(name), kind, int(column.isna().sum()), f"{shown(column.iloc[0])} ({place(0)})")
        for name, column in values.items()
    ]


def plain_target(
    frame: pd.DataFrame,
    name: str,
    where: str,
    place: Place,
    marks: Marks,
    wanted: str | None = None,
    *,
    is_class: bool = False,
) -> tuple[pd.DataFrame, list[str]]:
    """The table with a target that can be taken as it is: numbers in words are read as those of a feature are, blanks
    around labels are left out; and what was made of it. `wanted`: what dataset.columns says it is; `is_class`: whether
    dataset.task says that it has classes. Raises UserError where its decimal sign is open."""
    words, notes = stripped(frame[name]), []
    if has_blanks(frame[name]):
        notes.append(f"{where}: blanks around the labels of the target, {name}, are left out")
        frame = frame.assign(**{name: words.where(words != "", None)})
    if not isinstance(words.dtype, pd.StringDtype) or wanted == "category" or is_class:
        return frame, notes
    raw = Column(name, words, where, place)
    try:
        found = read_column(raw, wanted, False, marks)
    except UserError:
        if wanted is not None:
            raise
        return frame, notes  # they may be classes; `target` says what is wrong with them
    if isinstance(found, Open):
        found = _settled(found, frame, marks)
    if found.kind != "number":
        return frame, notes
    if told := "; ".join(found.told):
        change = f"; change that with {found.change}" if found.change else ""
        notes.append(f"{where}: the target, {name}, such as {raw.first()}, is read as numbers: {told}{change}")
    numbers, plain = found.column.values, pd.to_numeric(words, errors="coerce")
    is_plain = bool((plain.isna() & numbers.isna() | (plain == numbers)).all())  # then whole numbers stay whole
    return frame.assign(**{name: plain if is_plain else numbers.to_numpy()}), notes


def _settled(found: Open, frame: pd.DataFrame, marks: Marks) -> Reading:
    """The target whose decimal sign the other columns say. Raises UserError where they do not."""
    raw, says = found.raw, dict[str, str]()
    for name in (str(name) for name in frame if name != raw.name):
        try:
            other = read_column(Column(name, frame[name], raw.where, raw.place), None, False, marks)
        except UserError:  # it is refused where it is read as a feature
            continue
        if isinstance(other, Reading) and other.says_decimal:
            says[other.says_decimal] = name
    if len(says) != 1:
        raise UserError(f"{_open(found, bool(says))}; if these are classes, give dataset.task=classification")
    ((decimal, name),) = says.items()
    return settle(found, decimal, f"column {name}")


def _open(one: Open, differ: bool) -> str:
    """About a column whose decimal sign no value says."""
    name, mark = one.raw.name, "." if "." in one.word else ","
    others = "columns of the file differ" if differ else "no other value of the file says it"
    return (
        f"{one.raw.at(one.raw.row_of(one.word))} has {one.word!r}: {mark!r} may be the decimal sign or between"
        f" thousands, and {others}; give {typed((name, 'decimal_point'))} or {typed((name, 'decimal_comma'))}, or for"
        ' all columns dataset.read={decimal:","}'
    )
