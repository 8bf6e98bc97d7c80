"""Columns of a table as numbers: a feature per number, one per category, and marks for what is missing.

Which features there are follows from rows outside the test part alone. A category that only test rows have is 0 in all
its column's features. A missing number stays NaN, to be filled in with what 0 is after standardization: the mean of the
seed's training part, or 0 itself in an indicator; see `dataset.Split`.
"""

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
MISSING = ("", "?", "NA", "N/A", "NaN", "nan", "null", "None")


@dataclass(frozen=True)
class Encoded:
    inputs: Tensor
    """(n, features) float32; NaN where a number is missing."""
    targets: Tensor
    """(n,) int64 classes from 0, or float32."""
    outputs: int
    task: Task
    features: Sequence[str]
    """`age`, `city=Oslo`, `age is missing`."""
    indicators: Sequence[int]
    """Which features are 0 or 1: those of categories, the marks of what is missing, and numbers that are."""


def task_of(values: "pd.Series[Any]", wanted: str | None) -> Task:
    """Classification for words, truth values and few different whole numbers, else regression."""
    if wanted is not None:
        if wanted not in ("classification", "regression"):
            raise UserError(f"dataset.task={wanted}: must be classification, regression, or null to tell by the target")
        return "classification" if wanted == "classification" else "regression"
    numeric = pd.to_numeric(values, errors="coerce")
    if bool(numeric.isna().any()) or values.dtype == bool:
        return "classification"
    whole = bool((numeric == numeric.round()).all())
    return "classification" if whole and numeric.nunique() <= MOST_CLASSES else "regression"


def encode(
    frame: pd.DataFrame, target: str, where: str, test: Tensor, *, drop: Sequence[str], task: str | None, place: Place
) -> Encoded:
    """The table as tensors. `where` names its file for messages, `place` a row of it.

    Raises UserError, with file, place and column, for a target that is missing and values that are no numbers in a
    column of numbers.
    """
    require_column("target", target, frame, where)
    for name in drop:
        require_column("drop", name, frame, where)
    frame = frame.replace(dict.fromkeys(MISSING, None))
    _require_whole(frame[target], target, where, place)
    kind = task_of(frame[target], task)
    if kind == "classification":
        names = sorted(frame[target].astype(str).unique(), key=_by_number)
        numbered = {name: number for number, name in enumerate(names)}
        targets, outputs = torch.tensor([numbered[name] for name in frame[target].astype(str)]), len(names)
        if outputs < 2:
            raise UserError(f"dataset.target={target}: every row of {where} has the same, {names[0]}")
    else:
        targets, outputs = torch.tensor(_numbers(frame[target], target, where, place)).float(), 1
    outside = np.ones(len(frame), dtype=bool)
    outside[test.numpy()] = False
    columns: dict[str, NDArray[np.float64]] = {}
    indicators: set[str] = set()
    for name in map(str, frame):
        if name != target and name not in drop:
            found = _features(name, frame[name], where, place, outside)
            columns |= found
            # A number of 0 and 1 too, so that a table whose categories are features already is treated no other way.
            indicators |= {key for key, values in found.items() if _is_indicator(values[outside])}
    if not columns:
        raise UserError(f"{where}: besides dataset.target={target} there is no column to learn from")
    inputs = torch.from_numpy(np.stack(list(columns.values()), 1)).float()
    positions = tuple(position for position, key in enumerate(columns) if key in indicators)
    return Encoded(inputs, targets, outputs, kind, tuple(columns), positions)


def held_out(
    frame: pd.DataFrame, target: str, where: str, *, task: str | None, place: Place, test_fraction: float
) -> Tensor:
    """The rows of a test part of that fraction, stratified by class. Raises UserError for a target that is missing."""
    require_column("target", target, frame, where)
    values = frame[target].replace(dict.fromkeys(MISSING, None))
    _require_whole(values, target, where, place)
    codes = torch.tensor(pd.factorize(values.astype(str))[0])
    kind = task_of(values, task)
    return hold_out_test(codes if kind == "classification" else codes.float(), kind, test_fraction)


def require_column(key: str, name: str, frame: pd.DataFrame, where: str) -> None:
    if name not in frame:
        raise UserError(f"dataset.{key}={name}: {where} has no such column; it has {', '.join(map(str, frame))}")


def _require_whole(values: "pd.Series[Any]", name: str, where: str, place: Place) -> None:
    missing = values.isna().to_numpy()
    if missing.any():
        raise UserError(f"{where}, {place(int(np.argmax(missing)))}: column {name}, the target, is empty")


def _features(
    name: str, values: "pd.Series[Any]", where: str, place: Place, outside: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    missing = values.isna().to_numpy()
    numeric = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
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
            f" dataset.drop=[{name}]"
        )
    categories = sorted(words[outside].unique())
    return {f"{name}={category}": (words == category).to_numpy(dtype=float) for category in categories}


def _is_indicator(values: NDArray[np.float64]) -> bool:
    known = values[~np.isnan(values)]
    return bool(((known == 0) | (known == 1)).all())


def _numbers(values: "pd.Series[Any]", name: str, where: str, place: Place) -> NDArray[np.float64]:
    """NaN where a value is missing."""
    numeric = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    wrong = ~np.isfinite(numeric) & ~values.isna().to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong))
        raise UserError(f"{where}, {place(row)}: column {name} has numbers, and here {values.iloc[row]!r}")
    return numeric


def _by_number(name: str) -> tuple[float, str]:
    try:
        return float(name), name
    except ValueError:
        return float("inf"), name
