"""One column of a table: its values as numbers, where they are in the file, and how a message shows them."""

import datetime
import decimal
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.header import REMEDY, is_of_data
from dropout_lab.datasets.spellings import FOR_MISSING, LONGEST, hint, spelled

Place = Callable[[int], str]
"""Where row i of a table, from 0, is in its file: `row 3`, `line 5`."""
LARGEST = 1e38
"""Differences between numbers up to this size are finite in float32."""
SCALARS = (str, bool, int, float, decimal.Decimal, datetime.date, datetime.timedelta, np.generic)
NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?")
"""A plain number, which loses nothing when it is read."""
MOSTLY = 0.5
"""A column of which more than this share are numbers has numbers; what is none there is a mistake."""


@dataclass(frozen=True, eq=False)
class Column:
    name: str
    values: "pd.Series[Any]"
    """None or NaN where one is missing; see `without_missing`."""
    where: str
    """The file or the set, for messages."""
    place: Place
    written: "pd.Series[Any] | None" = None
    """The values as they are in the file, where `values` are what was made of them."""

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        return self.values.isna().to_numpy()

    @cached_property
    def numeric(self) -> NDArray[np.float64]:
        return numeric(self.values)

    @cached_property
    def parsed(self) -> NDArray[np.bool_]:
        """Which values are finite numbers."""
        return np.isfinite(self.numeric)

    @cached_property
    def words(self) -> "pd.Series[str]":
        """The known values as text."""
        return self.values[~self.missing].astype(str)

    def __str__(self) -> str:
        return f"{self.where}: column {self.name}"

    def at(self, row: int) -> str:
        """`my.csv, line 3: column age`."""
        return f"{self.where}, {self.place(row)}: column {self.name}"

    def example(self, row: int) -> str:
        """`'$5' (line 2)`; plain numbers without quotes."""
        value = self.as_written.iloc[row]
        is_plain = isinstance(value, str) and NUMBER.fullmatch(value) is not None
        return f"{value if is_plain else shown(value)} ({self.place(row)})"

    @property
    def as_written(self) -> "pd.Series[Any]":
        """The values as they are in the file."""
        return self.values if self.written is None else self.written

    def first(self) -> str:
        """The first known value as an example."""
        return self.example(int(np.argmin(self.missing)))

    def example_of(self, word: str) -> str:
        """The first row with a word."""
        return self.example(self.row_of(word))

    def row_of(self, word: str) -> int:
        """The first row with a word, as it is in the file, or else with blanks around it."""
        written = self.as_written.astype(str)
        found = (written == word).to_numpy(dtype=bool)
        return int(np.argmax(found if found.any() else (written.str.strip() == word.strip()).to_numpy(dtype=bool)))


def shown(value: object) -> str:
    """As a message has it: words in quotes, the beginning of long ones."""
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]!r}..."
    return repr(value) if isinstance(value, str) else str(value)


def setting(key: str, *names: str) -> str:
    """`dataset.drop=[age]`, as a shell and Hydra read it back: with quotes where a name needs them."""
    text = f"dataset.{key}=[{','.join(map(_quoted, names))}]"
    return text if all(map(_is_plain, names)) else shlex.quote(text)


def typed(*types: tuple[str, str]) -> str:
    """`dataset.columns={age:number}`, likewise; as a list, `['größe:number']`, where a name cannot be a key there."""
    if all(_is_plain(name) for name, _ in types):
        return f"dataset.columns={{{','.join(f'{name}:{kind}' for name, kind in types)}}}"
    listed = ",".join(_quoted(f"{name}:{kind}") for name, kind in types)
    return shlex.quote(f"dataset.columns=[{listed}]")


def given(key: str, name: str) -> str:
    """`dataset.text=review`, likewise."""
    text = f"dataset.{key}={_quoted(name)}"
    return text if _is_plain(name) else shlex.quote(text)


def _quoted(name: str) -> str:
    return name if _is_plain(name) else '"' + name.replace('"', r"\"") + '"'


def _is_plain(name: str) -> bool:
    """Whether Hydra takes it as a word without quotes."""
    return bool(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name)) and name.lower() not in (
        "null",
        "true",
        "false",
        "inf",
        "nan",
    )


def without_missing(values: "pd.Series[Any]", words: Iterable[str] = FOR_MISSING) -> "pd.Series[Any]":
    """None or NaN in place of the `words` for a missing value, and of those that programs write."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if values.dtype.kind in "biufcmM" and not isinstance(values.dtype, pd.StringDtype):
        return values
    return values.where(~values.isin(spelled(words)), None)


def stripped(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Words without blanks around them."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if isinstance(values.dtype, pd.StringDtype):
        return values.str.strip()
    if values.dtype != object:
        return values
    plain = [value.strip() if isinstance(value, str) else value for value in values]
    return pd.Series(plain, index=values.index, dtype=object)


def has_blanks(values: "pd.Series[Any]") -> bool:
    """Whether there are blanks around a word."""
    if values.dtype.kind in "biufcmM" and not isinstance(values.dtype, pd.StringDtype):
        return False
    return any(isinstance(word, str) and word != word.strip() for word in values.unique())


def numeric(values: "pd.Series[Any]") -> NDArray[np.float64]:
    """NaN where a value is missing or no number. Times are seconds since 1970, durations are seconds."""
    if values.dtype == object and isinstance(next(iter(values.dropna()), None), datetime.date):
        values = pd.to_datetime(values, errors="coerce", utc=True)
    if values.dtype.kind in "mM":
        unit = "timedelta64[ns]" if values.dtype.kind == "m" else "datetime64[ns]"
        times = values.to_numpy(dtype=unit)
        return np.where(np.isnat(times), np.nan, times.astype(np.int64) / 1e9)
    return pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def numbers(column: Column, other: str) -> NDArray[np.float64]:
    """NaN where a value is missing; `other`: what else to do about a word."""
    wrong = ~column.parsed & ~column.missing
    if wrong.any():
        row = int(np.argmax(wrong))
        value = column.values.iloc[row]
        more = f"{hint(value)}{other}" if isinstance(value, str) else _no_number(column, row)
        raise UserError(f"{column.at(row)} has numbers, and here {shown(value)}{more}")
    large = np.abs(column.numeric) > LARGEST
    if large.any():
        row = int(np.argmax(large))
        raise UserError(
            f"{column.at(row)} has {column.values.iloc[row]}; must be from -{LARGEST:g} to {LARGEST:g},"
            f" for numbers are kept in float32{_no_number(column, row)}"
        )
    return column.numeric


def _no_number(column: Column, row: int) -> str:
    """The keys for a number that is none to learn from."""
    written = column.as_written.iloc[row]
    missing = f"if that stands for a missing value, give {na_values(written)}; " if isinstance(written, str) else ""
    return f"; {missing}leave a feature out with {setting('drop', column.name)}"


def na_values(word: str) -> str:
    """`dataset.read={na_values:[abc]}`, likewise."""
    text = word if word.isalpha() and word.isascii() and _is_plain(word) else '"' + word.replace('"', r"\"") + '"'
    setting = f"dataset.read={{na_values:[{text}]}}"
    return setting if text == word else shlex.quote(setting)


def centred(values: NDArray[np.float64], outside: NDArray[np.bool_]) -> NDArray[np.float64]:
    return values - np.nanmedian(values[outside])


def outside_of(size: int, test: Tensor) -> NDArray[np.bool_]:
    """Which rows are outside of the test set."""
    outside = np.ones(size, dtype=bool)
    outside[test.numpy()] = False
    return outside


def refuse(reasons: Iterable[str | None]) -> None:
    found = [reason for reason in reasons if reason is not None]
    if found:
        raise UserError("\n".join(found))


def require_table(frame: pd.DataFrame, where: str) -> None:
    """Raises UserError for a table without rows, and for two columns of one name."""
    if frame.empty:
        raise UserError(f"{where}: has no rows, only the columns {', '.join(map(str, frame))}")
    require_different([str(name) for name in frame], where)


def require_different(names: Sequence[str], where: str, settled: str = "") -> None:
    """Raises UserError for two columns of one name; `settled`: what settles it."""
    repeated = next((name for name, count in Counter(names).items() if count > 1), None)
    if repeated is not None:
        positions = " and ".join(str(at) for at, name in enumerate(names, 1) if name == repeated)
        raise UserError(
            f"{where}: columns {positions} have the same name, {repeated}; must have different names{settled}"
        )


def require_column(key: str, name: str, frame: pd.DataFrame, where: str) -> None:
    if name not in frame:
        names = ", ".join(shown(column) if column != column.strip() else column for column in map(str, frame))
        is_one = len(frame.columns) == 1 and len(str(frame.columns[0]).split()) > 1
        more = "; if blanks are between its columns, give 'dataset.read={sep:\"\\s+\"}'" if is_one else ""
        more = more or (REMEDY if is_of_data(frame) else "")
        raise UserError(f"dataset.{key}={name}: {where} has no such column; it has {names}{more}")


def require_scalars(values: "pd.Series[Any]", name: str, where: str, place: Place) -> None:
    """Raises UserError for lists, records and bytes."""
    if values.dtype != object:
        return
    for row, value in enumerate(values):
        if value is not None and not isinstance(value, SCALARS):
            raise UserError(
                f"{where}, {place(row)}: column {name} has {_kind(value)}; must have numbers, words, truth values or"
                f" dates; if it is not the target, leave it out with {setting('drop', name)}"
            )


def is_text(values: "pd.Series[Any]") -> bool:
    """Whether a column has words, of which most are no numbers."""
    if pd.api.types.infer_dtype(values, skipna=True) != "string":
        return False
    return bool(np.isfinite(numeric(values)).sum() <= MOSTLY * len(values))


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray | list | tuple):
        return "a list"
    return "a record" if isinstance(value, dict) else f"a value of the type {type(value).__name__}"
