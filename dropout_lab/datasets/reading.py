"""What a column of a table is: numbers, truth values, dates, times of the day, categories, or nothing to learn from.

Values in words are read where all of them can be read in one way; what was guessed is told. Where they can be read in
two ways, or some of them cannot be read, the column is refused, by line and value, with the key that settles it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.columns import Column, numeric, setting, shown, stripped, typed, without_missing
from dropout_lab.datasets.files import Marks
from dropout_lab.datasets.spellings import EMPTY, FOR_MISSING, MISSING_AMONG_WORDS, spelled
from dropout_lab.datasets.words_read import Found, Open, read_words

Type = Literal[
    "number", "decimal_point", "decimal_comma", "date", "day_first", "month_first", "category", "text", "drop"
]
"""What dataset.columns can say of a column."""
TYPES = get_args(Type)
OF_TIMES: Sequence[Type] = ("number", "date", "day_first", "month_first")
"""How the times of dataset.time may be read."""
Kind = Literal["number", "truth value", "date", "time of day", "category"]
LOOKED_AT = 50
MAY_BE_THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2}\.\d{3}\s*")
SPELLED = spelled(FOR_MISSING)


@dataclass(frozen=True, eq=False)
class Reading:
    """A column and what it is."""

    column: Column
    """Its values: float64 numbers (1 and 0 of truth values, seconds since 1970 of dates), or words; NaN or None where
    one is missing. `written` is what the file has."""
    kind: Kind
    told: tuple[str, ...] = ()
    change: str = ""
    is_settled: bool = False
    """Whether dataset.columns or dataset.keep says what it is."""
    says_decimal: str = ""
    """The decimal sign that its values say, for columns whose values leave it open."""


def wanted_types(columns: Mapping[str, str] | Sequence[str] | None, frame: pd.DataFrame, where: str) -> dict[str, str]:
    """The types by column that `dataset.columns` gives, as {age: number} or as ["age:number"].

    Raises UserError for a name that is no column, and a type that is none.
    """
    found = types_by_name(columns)
    for name, kind in found.items():
        if name not in frame:
            raise UserError(f"dataset.columns: {where} has no column {name!r}; it has {', '.join(map(str, frame))}")
        if kind not in TYPES:
            raise UserError(f"dataset.columns: column {name} cannot be {kind!r}; must be one of {', '.join(TYPES)}")
    return found


def types_by_name(columns: Mapping[str, str] | Sequence[str] | None) -> dict[str, str]:
    """Column -> type, as `dataset.columns` has them, unchecked."""
    pairs = columns.items() if isinstance(columns, Mapping) else [one.rpartition(":")[::2] for one in columns or ()]
    return {str(name).strip(): str(kind).strip() for name, kind in pairs}


def types_of_features(
    columns: Mapping[str, str] | Sequence[str] | None, dividing: Mapping[str, str], keep: Sequence[str]
) -> dict[str, str]:
    """The types without those of columns that say how to divide, key -> name, unless `keep` makes features of them.

    Raises UserError where such a column is to be anything but left out, or a time how it is to be read.
    """
    types = types_by_name(columns)
    for key, name in dividing.items():
        if name in keep:
            continue
        kind, allowed = types.pop(name, "drop"), ("drop", *(OF_TIMES if key == "time" else ()))
        if kind not in allowed:
            raise UserError(
                f"dataset.columns: column {name} cannot be {kind!r}, for it is dataset.{key}, which is no feature; must"
                f" be {' or '.join(allowed)}, or left out of dataset.columns"
            )
    return types


def read_column(raw: Column, wanted: str | None, kept: bool, marks: Marks) -> Reading | Open:
    """What a column is; `Open` where its decimal sign must be said by others.

    `wanted`: what dataset.columns says; `kept`: whether dataset.keep has it. Raises UserError, with line and value,
    for values that can be read in two ways or not at all.
    """
    if kept or wanted == "category":
        return _as_it_is(raw, is_category=wanted == "category")
    values = raw.values
    if isinstance(values.dtype, pd.CategoricalDtype):
        if wanted is None and np.isfinite(numeric(values.cat.categories.to_series())).any():
            told = ("has numbers, and the type of categories in the file",)
            return replace(
                _as_it_is(raw, is_category=True), told=told, change=typed((raw.name, "number")), is_settled=False
            )
        values = values.astype(values.cat.categories.dtype)
    if values.dtype == object and any(isinstance(value, str) for value in values):
        values = values.map(str, na_action="ignore").astype("str")
    if wanted in ("date", "day_first", "month_first") and values.dtype.kind in "iu":
        values = values.astype("str")
    if not isinstance(values.dtype, pd.StringDtype):
        return _typed(raw, values, wanted)
    plain = _plain_numbers(values) if wanted in (None, "number", "decimal_point") else None
    if plain is not None and not (marks.decimal == "," or _are_open(values)):
        numbers, masked = plain
        return _numbers(
            raw, numbers, _missing_told(values, masked), wanted is not None, "." if _has_point(values) else ""
        )
    found = read_words(raw, values, wanted, marks)
    return found if isinstance(found, Open) else _of_words(raw, values, found, wanted)


def settle(found: Open, decimal: str, because: str) -> Reading:
    """The reading of a column whose decimal sign others say."""
    read = read_words(found.raw, found.values, found.wanted, replace(found.marks, decimal=decimal))
    assert isinstance(read, Found)
    reading = _of_words(found.raw, found.values, read, found.wanted)
    told = f"'{decimal}' is the decimal sign, as in {because}"
    other = "decimal_comma" if decimal == "." else "decimal_point"
    return replace(reading, told=(*reading.told, told), change=typed((found.raw.name, other)))


def _as_it_is(raw: Column, *, is_category: bool) -> Reading:
    """Numbers if all values are, else categories, of which `-` is one, too."""
    values = stripped(raw.values)
    plain = replace(raw, values=without_missing(values), written=raw.values)
    if not is_category and bool((plain.parsed | plain.missing).all()):
        return Reading(replace(plain, values=pd.Series(plain.numeric)), "number", is_settled=True)
    plain = replace(plain, values=without_missing(values, EMPTY))
    values = plain.values
    words = values.astype(object).where(~plain.missing, None)
    return Reading(replace(plain, values=words), "category", is_settled=True)


def _typed(raw: Column, values: "pd.Series[Any]", wanted: str | None) -> Reading:
    """A column of a file that has types of its own."""
    first = next(iter(values.dropna()), None) if values.dtype == object else None
    if values.dtype.kind == "M" or (first is not None and hasattr(first, "year")):
        told = () if wanted else ("is a date",)
        if isinstance(values.dtype, pd.DatetimeTZDtype):
            zone, values = str(values.dt.tz), values.dt.tz_localize(None)
            told = told if zone == "UTC" else (f"days and hours are local, of the time zone {zone}",)
        elif getattr(first, "tzinfo", None) is not None:
            told = ("days and hours are those in UTC",)
        other = typed((raw.name, "drop")) if told and not wanted else ""
        return Reading(_with(raw, numeric(values)), "date", told, other, wanted is not None)
    if values.dtype == bool or (first is not None and all(isinstance(one, bool) for one in values.dropna())):
        return Reading(
            _with(raw, pd.to_numeric(values.astype(object), errors="coerce").to_numpy(dtype=float)), "truth value"
        )
    return _numbers(replace(raw, values=without_missing(values)), numeric(values), (), wanted is not None, "")


def _with(raw: Column, numbers: NDArray[np.float64]) -> Column:
    return replace(raw, values=pd.Series(numbers), written=raw.values)


def _numbers(raw: Column, numbers: NDArray[np.float64], told: tuple[str, ...], is_settled: bool, says: str) -> Reading:
    change = typed((raw.name, "category")) if told else ""
    return Reading(_with(raw, numbers), "number", told, change, is_settled, says)


def _of_words(raw: Column, values: "pd.Series[Any]", found: Found, wanted: str | None) -> Reading:
    """The reading of values in words."""
    if found.numbers is not None:
        change = typed((raw.name, "category")) if found.told and wanted is None else ""
        if found.kind in ("date", "time of day") and wanted is None:
            change = typed((raw.name, found.other))
        return Reading(
            _with(raw, found.numbers), found.kind, found.told, change, wanted is not None, found.says_decimal
        )
    words = values.str.strip()
    missing = words.isna() | words.str.lower().isin(MISSING_AMONG_WORDS)
    told = []
    if bool((words[~missing] != values[~missing]).any()):
        told.append("blanks around words are left out")
    odd = words[missing & ~words.isin(EMPTY) & words.notna()].unique()
    if len(odd):
        told.append(f"{' and '.join(map(repr, sorted(odd)[:3]))} taken as missing")
    return Reading(
        replace(raw, values=words.astype(object).where(~missing, None), written=raw.values),
        "category",
        tuple(told),
        setting("keep", raw.name) if told else "",
    )


def _plain_numbers(values: "pd.Series[Any]") -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    """(n,) numbers, and which values stand for a missing one; None if any other value is no plain number."""
    words = pa.array(values.array)
    masked = pc.is_in(words, value_set=pa.array(SPELLED, words.type))
    try:
        numbers = pc.cast(pc.if_else(masked, pa.scalar(None, words.type), words), pa.float64())
    except pa.ArrowInvalid:
        return None
    found = numbers.to_numpy(zero_copy_only=False) if isinstance(numbers, pa.Array) else numbers.to_numpy()
    gaps = masked.to_numpy(zero_copy_only=False) if isinstance(masked, pa.Array) else masked.to_numpy()
    return None if np.isnan(found).all() else (found, gaps.astype(bool))


def _missing_told(values: "pd.Series[Any]", masked: NDArray[np.bool_]) -> tuple[str, ...]:
    if not masked.any():
        return ()
    odd = sorted(set(values[masked].unique()) - set(EMPTY))
    return (f"{' and '.join(map(shown, odd[:3]))} taken as missing",) if odd else ()


def _are_open(values: "pd.Series[Any]") -> bool:
    """Whether every number has three digits behind a point, so that it may be for thousands."""
    if _has_point(values):  # as nearly every column of measurements has
        return False
    words = pa.array(values.array)
    pointed = pc.unique(words.filter(pc.match_substring(words, "."))).to_pylist()
    marked = [word for word in pointed if word not in SPELLED]
    return bool(marked) and all(map(MAY_BE_THOUSANDS.fullmatch, marked))


def _has_point(values: "pd.Series[Any]") -> bool:
    """Whether a value at the beginning has a point that is for decimals."""
    return any(
        isinstance(word, str) and "." in word and word not in SPELLED and not MAY_BE_THOUSANDS.fullmatch(word)
        for word in values.iloc[:LOOKED_AT].tolist()
    )
