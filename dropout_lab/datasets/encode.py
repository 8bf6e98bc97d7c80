"""Columns of a table as numbers: a feature per number, one per category, and marks for what is missing.

Which features there are follows from rows outside the test part alone. A category that only test rows have is 0 in all
its column's features. A missing number stays NaN, to be filled in with what 0 is after standardization: the mean of the
seed's training part, or 0 itself in an indicator; see `dataset.Split`.

Numbers are less their column's median outside the test part, in float64, before they become float32, whose 24 bits keep
steps of 128 s alone of times in seconds since 1970. The standardization is the same with and without.
"""

import datetime
import decimal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from dropout_lab.datasets.dataset import Task, hold_out_test
from dropout_lab.errors import UserError

MOSTLY = 0.5
"""A column of which more than this share are numbers has numbers; what is none there is a mistake."""
MOST_CATEGORIES = 200
MOST_CLASSES = 20
"""Whole numbers of so few different values are classes, unless the task says otherwise."""
Place = Callable[[int], str]
"""Where row i of a table, from 0, is in its file: `row 3`, `line 5`."""
LARGEST = 1e38
"""Differences between numbers up to this size are finite in float32."""
SCALARS = (str, bool, int, float, decimal.Decimal, datetime.date, datetime.timedelta, np.generic)
MISSING = ("", "?", "NA", "N/A", "NaN", "nan", "null", "None")


@dataclass(frozen=True)
class EncodedTarget:
    targets: Tensor
    """(n,) int64 classes from 0, or float32, less a constant."""
    outputs: int
    task: Task
    class_names: Sequence[str]
    """What the classes are in the file; none for regression."""


@dataclass(frozen=True)
class Encoded(EncodedTarget):
    inputs: Tensor
    """(n, features) float32, less a constant of each column of numbers; NaN where a number is missing."""
    features: Sequence[str]
    """`age`, `city=Oslo`, `age is missing`."""
    indicators: Sequence[int]
    """Which features are 0 or 1: those of categories, the marks of what is missing, and numbers that are."""


def task_of(values: "pd.Series[Any]", wanted: str | None) -> Task:
    """Classification for words, truth values and few different whole numbers, else regression. Where most values are
    numbers these decide, so that a stray word among measurements makes no classes of them."""
    if wanted is not None:
        if wanted not in ("classification", "regression"):
            raise UserError(f"dataset.task={wanted}: must be classification, regression, or null to tell by the target")
        return "classification" if wanted == "classification" else "regression"
    numeric = _numeric(values)
    known = numeric[np.isfinite(numeric)]
    if len(known) <= MOSTLY * len(values) or values.dtype == bool:
        return "classification"
    whole = bool((known == known.round()).all())
    return "classification" if whole and len(np.unique(known)) <= MOST_CLASSES else "regression"


def encode(
    frame: pd.DataFrame, target: str, where: str, test: Tensor, *, drop: Sequence[str], task: str | None, place: Place
) -> Encoded:
    """The table as tensors. `where` names its file for messages, `place` a row of it.

    Raises UserError, with file, place and column, for a target that is missing and values that are no numbers in a
    column of numbers, or too large, or no scalars.
    """
    require_column("target", target, frame, where)
    for name in drop:
        require_column("drop", name, frame, where)
    if target in drop:
        raise UserError(f"dataset.drop={target}: is the target, which cannot be left out")
    frame = frame.drop(columns=list(drop))
    for name in map(str, frame):
        require_scalars(frame[name], name, where, place)
    found_target = encode_target(frame[target], target, where, test, task=task, place=place)
    frame = frame.replace(dict.fromkeys(MISSING, None))
    outside = _outside(len(frame), test)
    columns: dict[str, NDArray[np.float64]] = {}
    indicators: set[str] = set()
    for name in map(str, frame):
        if name != target:
            found = _features(name, frame[name], where, place, outside)
            # A number of 0 and 1 too, so that a table whose categories are features already is treated no other way.
            binary = {key for key, values in found.items() if _is_indicator(values[outside])}
            indicators |= binary
            columns |= {key: values if key in binary else _centred(values, outside) for key, values in found.items()}
    if not columns:
        raise UserError(f"{where}: besides dataset.target={target} there is no column to learn from")
    inputs = torch.from_numpy(np.stack(list(columns.values()), 1)).float()
    positions = tuple(position for position, key in enumerate(columns) if key in indicators)
    return Encoded(**vars(found_target), inputs=inputs, features=tuple(columns), indicators=positions)


def encode_target(
    values: "pd.Series[Any]", name: str, where: str, test: Tensor, *, task: str | None, place: Place
) -> EncodedTarget:
    """The column that is to be predicted, `name`. Raises UserError where it is missing or no number or class."""
    require_scalars(values, name, where, place)
    values = values.replace(dict.fromkeys(MISSING, None))
    require_known(values, name, where, place)
    kind = task_of(values, task)
    if kind == "classification":
        names = sorted(values.astype(str).unique(), key=_by_number)
        numbered = {word: number for number, word in enumerate(names)}
        if len(names) < 2:
            raise UserError(f"dataset.target={name}: every row of {where} has the same, {names[0]}")
        return EncodedTarget(torch.tensor([numbered[word] for word in values.astype(str)]), len(names), kind, names)
    other = "" if task else "; if these are classes, give dataset.task=classification"
    outside = _outside(len(values), test)
    measured = _numbers(values, name, where, place, other)
    if (measured[outside] == measured[outside][0]).all():
        raise UserError(
            f"dataset.target={name}: every row of {where} outside of the test part has the same,"
            f" {values[outside].iloc[0]}; for dataset.task=regression they must differ"
        )
    return EncodedTarget(torch.tensor(_centred(measured, outside)).float(), 1, kind, ())


def held_out(
    frame: pd.DataFrame, target: str, where: str, *, task: str | None, place: Place, test_fraction: float
) -> Tensor:
    """The rows of a test part of that fraction, stratified by class. Raises UserError for a target that is missing, and
    for a class that cannot be divided."""
    require_column("target", target, frame, where)
    require_scalars(frame[target], target, where, place)
    values = frame[target].replace(dict.fromkeys(MISSING, None))
    require_known(values, target, where, place)
    codes, names = pd.factorize(values.astype(str))
    kind = task_of(values, task)
    if kind == "regression":
        return hold_out_test(torch.zeros(len(values)), kind, test_fraction)
    return hold_out_test(torch.tensor(codes), kind, test_fraction, names.tolist())


def require_table(frame: pd.DataFrame, where: str) -> None:
    """Raises UserError for a table without rows, and for two columns of one name."""
    if frame.empty:
        raise UserError(f"{where}: has no rows, only the columns {', '.join(map(str, frame))}")
    require_different([str(name) for name in frame], where)


def require_different(names: Sequence[str], where: str) -> None:
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        positions = " and ".join(str(at) for at, name in enumerate(names, 1) if name == repeated)
        raise UserError(f"{where}: columns {positions} have the same name, {repeated}; must have different names")


def require_column(key: str, name: str, frame: pd.DataFrame, where: str) -> None:
    if name not in frame:
        raise UserError(f"dataset.{key}={name}: {where} has no such column; it has {', '.join(map(str, frame))}")


def require_known(values: "pd.Series[Any]", name: str, where: str, place: Place) -> None:
    missing = values.isna().to_numpy()
    if missing.any():
        raise UserError(f"{where}, {place(int(np.argmax(missing)))}: column {name}, the target, is empty")


def require_scalars(values: "pd.Series[Any]", name: str, where: str, place: Place) -> None:
    """Raises UserError for lists, records and bytes."""
    if values.dtype != object:
        return
    for row, value in enumerate(values):
        if value is not None and not isinstance(value, SCALARS):
            raise UserError(
                f"{where}, {place(row)}: column {name} has {_kind(value)}; must have numbers, words, truth values or"
                f" dates; if it is not the target, leave it out with dataset.drop=[{name}]"
            )


def is_text(values: "pd.Series[Any]") -> bool:
    """Whether a column has words, of which most are no numbers."""
    if pd.api.types.infer_dtype(values, skipna=True) != "string":
        return False
    return bool(np.isfinite(_numeric(values)).sum() <= MOSTLY * len(values))


def _outside(size: int, test: Tensor) -> NDArray[np.bool_]:
    """Which rows are outside of the test part."""
    outside = np.ones(size, dtype=bool)
    outside[test.numpy()] = False
    return outside


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray | list | tuple):
        return "a list"
    return "a record" if isinstance(value, dict) else f"a value of the type {type(value).__name__}"


def _features(
    name: str, values: "pd.Series[Any]", where: str, place: Place, outside: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    missing = values.isna().to_numpy()
    numeric = _numeric(values)
    parsed = np.isfinite(numeric)
    found: dict[str, NDArray[np.float64]] = {}
    if missing[outside].all():
        rows = "" if missing.all() else " outside of the test part"
        raise UserError(f"{where}: column {name} is empty{rows}; leave it out with dataset.drop=[{name}]")
    if parsed[outside].sum() > MOSTLY * (~missing)[outside].sum():
        found[name] = _numbers(values, name, where, place)
        if missing[outside].any():
            found[f"{name} is missing"] = missing.astype(float)
        return found
    words = values.astype(str).where(~missing, "(missing)")
    different = words.nunique()
    if different > MOST_CATEGORIES:
        raise UserError(
            f"{where}: column {name} has {different} different words, which are no categories; leave it out with"
            f" dataset.drop=[{name}], or, if it is a text to learn from, take dataset=labelled_text dataset.text={name}"
        )
    categories = sorted(words[outside].unique())
    return {f"{name}={category}": (words == category).to_numpy(dtype=float) for category in categories}


def _is_indicator(values: NDArray[np.float64]) -> bool:
    known = values[~np.isnan(values)]
    return bool(((known == 0) | (known == 1)).all())


def _centred(values: NDArray[np.float64], outside: NDArray[np.bool_]) -> NDArray[np.float64]:
    return values - np.nanmedian(values[outside])


def _numbers(values: "pd.Series[Any]", name: str, where: str, place: Place, other: str = "") -> NDArray[np.float64]:
    """NaN where a value is missing; `other`: what else to do about a word."""
    numeric = _numeric(values)
    wrong = ~np.isfinite(numeric) & ~values.isna().to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong))
        value = values.iloc[row]
        shown = repr(value) if isinstance(value, str) else str(value)
        raise UserError(f"{where}, {place(row)}: column {name} has numbers, and here {shown}{other}")
    large = np.abs(numeric) > LARGEST
    if large.any():
        row = int(np.argmax(large))
        raise UserError(
            f"{where}, {place(row)}: column {name} has {values.iloc[row]}; must be from -{LARGEST:g} to {LARGEST:g},"
            " for numbers are kept in float32"
        )
    return numeric


def _numeric(values: "pd.Series[Any]") -> NDArray[np.float64]:
    """NaN where a value is missing or no number. Times are seconds since 1970, durations are seconds."""
    if values.dtype == object and isinstance(next(iter(values.dropna()), None), datetime.date):
        values = pd.to_datetime(values, errors="coerce", utc=True)
    if values.dtype.kind in "mM":
        unit = "timedelta64[ns]" if values.dtype.kind == "m" else "datetime64[ns]"
        times = values.to_numpy(dtype=unit)
        return np.where(np.isnat(times), np.nan, times.astype(np.int64) / 1e9)
    return pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def _by_number(name: str) -> tuple[float, str]:
    try:
        return float(name), name
    except ValueError:
        return float("inf"), name
