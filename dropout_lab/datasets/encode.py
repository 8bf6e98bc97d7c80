"""Columns of a table as numbers: a feature per number, one per category, and marks for what is missing.

What is filled in comes from rows outside the test part alone.
"""

from collections.abc import Sequence
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
MISSING = ("", "?", "NA", "N/A", "NaN", "nan", "null", "None")


@dataclass(frozen=True)
class Encoded:
    inputs: Tensor
    """(n, features) float32"""
    targets: Tensor
    """(n,) int64 classes from 0, or float32."""
    outputs: int
    task: Task
    features: Sequence[str]
    """`age`, `city=Oslo`, `age is missing`."""


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
    frame: pd.DataFrame, target: str, where: str, test: Tensor, *, drop: Sequence[str], task: str | None, first_row: int
) -> Encoded:
    """The table as tensors. `where` names its file for messages, `first_row` the number of its first row there.

    Raises UserError, with file, row and column, for a target that is missing and values that are no numbers in a
    column of numbers.
    """
    require_column("target", target, frame, where)
    for name in drop:
        require_column("drop", name, frame, where)
    frame = frame.replace(dict.fromkeys(MISSING, None))
    _require_whole(frame[target], target, where, first_row)
    kind = task_of(frame[target], task)
    if kind == "classification":
        names = sorted(frame[target].astype(str).unique(), key=_by_number)
        numbered = {name: number for number, name in enumerate(names)}
        targets, outputs = torch.tensor([numbered[name] for name in frame[target].astype(str)]), len(names)
        if outputs < 2:
            raise UserError(f"dataset.target={target}: every row of {where} has the same, {names[0]}")
    else:
        targets, outputs = torch.tensor(_numbers(frame[target], target, where, first_row)).float(), 1
    outside = np.ones(len(frame), dtype=bool)
    outside[test.numpy()] = False
    columns: dict[str, NDArray[np.float64]] = {}
    for name in map(str, frame):
        if name != target and name not in drop:
            columns |= _features(name, frame[name], where, first_row, outside)
    if not columns:
        raise UserError(f"{where}: besides dataset.target={target} there is no column to learn from")
    inputs = torch.from_numpy(np.stack(list(columns.values()), 1)).float()
    return Encoded(inputs, targets, outputs, kind, tuple(columns))


def held_out(
    frame: pd.DataFrame, target: str, where: str, *, task: str | None, first_row: int, test_fraction: float
) -> Tensor:
    """The rows of a test part of that fraction, stratified by class. Raises UserError for a target that is missing."""
    require_column("target", target, frame, where)
    values = frame[target].replace(dict.fromkeys(MISSING, None))
    _require_whole(values, target, where, first_row)
    codes = torch.tensor(pd.factorize(values.astype(str))[0])
    kind = task_of(values, task)
    return hold_out_test(codes if kind == "classification" else codes.float(), kind, test_fraction)


def require_column(key: str, name: str, frame: pd.DataFrame, where: str) -> None:
    if name not in frame:
        raise UserError(f"dataset.{key}={name}: {where} has no such column; it has {', '.join(map(str, frame))}")


def _require_whole(values: "pd.Series[Any]", name: str, where: str, first_row: int) -> None:
    missing = values.isna().to_numpy()
    if missing.any():
        raise UserError(f"{where}, row {first_row + int(np.argmax(missing))}: column {name}, the target, is empty")


def _features(
    name: str, values: "pd.Series[Any]", where: str, first_row: int, outside: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    missing = values.isna().to_numpy()
    numeric = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    parsed = np.isfinite(numeric)
    found: dict[str, NDArray[np.float64]] = {}
    if missing.all():
        raise UserError(f"{where}: column {name} is empty; leave it out with dataset.drop=[{name}]")
    if parsed.sum() > MOSTLY * (~missing).sum():
        numbers = _numbers(values, name, where, first_row)
        known = numbers[~missing & outside]
        found[name] = np.where(missing, np.median(known) if len(known) else 0.0, numbers)
        if missing.any():
            found[f"{name} is missing"] = missing.astype(float)
        return found
    words = values.astype(str).where(~missing, "(missing)")
    categories = sorted(words.unique())
    if len(categories) > MOST_CATEGORIES:
        raise UserError(
            f"{where}: column {name} has {len(categories)} different words, which are no categories; leave it out with"
            f" dataset.drop=[{name}]"
        )
    return {f"{name}={category}": (words == category).to_numpy(dtype=float) for category in categories}


def _numbers(values: "pd.Series[Any]", name: str, where: str, first_row: int) -> NDArray[np.float64]:
    """NaN where a value is missing."""
    numeric = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    wrong = ~np.isfinite(numeric) & ~values.isna().to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong))
        raise UserError(f"{where}, row {first_row + row}: column {name} has numbers, and here {values.iloc[row]!r}")
    return numeric


def _by_number(name: str) -> tuple[float, str]:
    try:
        return float(name), name
    except ValueError:
        return float("inf"), name
