"""Columns of a table as numbers: a feature per number, one per category, and marks for what is missing.

Which features there are follows from rows outside the test set alone. A category with fewer than RARE rows there is one
of `(other)`, as in scikit-learn's OneHotEncoder(min_frequency=RARE, handle_unknown="infrequent_if_exist"), and so is
one that only test rows have, which is 0 in all its column's features where there is no `(other)`. A missing number
stays NaN, to be filled in with what 0 is after standardization: the mean of the seed's training part, or 0 itself in an
indicator; see `dataset.Split`.

Numbers are less their column's median outside the test set, in float64, before they become float32, whose 24 bits keep
steps of 128 s alone of times in seconds since 1970. The standardization is the same with and without.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from dropout_lab.core.errors import UserError
from dropout_lab.datasets import days
from dropout_lab.datasets.column_reading import MOST_TOLD, ColumnReading
from dropout_lab.datasets.columns import Column, Place, centred, numbers, outside_of, require_column
from dropout_lab.datasets.files import NO_MARKS, Marks
from dropout_lab.datasets.left_out import LeftOut
from dropout_lab.datasets.misread import MOST_CATEGORIES, warnings_of_features
from dropout_lab.datasets.reading import Reading, wanted_types
from dropout_lab.datasets.readings import read_all, readings_of_targets, said
from dropout_lab.datasets.several import encode_several
from dropout_lab.datasets.split import Labelled
from dropout_lab.datasets.target import EncodedTarget, encode_target

RARE = 3
OTHER, MISSING = "(other)", "(missing)"


@dataclass(frozen=True)
class Encoded(EncodedTarget):
    inputs: Tensor
    """(n, features) float32, less a constant of each column of numbers; NaN where a number is missing."""
    features: Sequence[str]
    """`age`, `city=Oslo`, `age is missing`."""
    indicators: Sequence[int]
    """Which features are 0 or 1: those of categories, the marks of what is missing, and numbers that are."""
    readings: Sequence[ColumnReading]
    """What was understood, column by column."""


def encode(
    frame: pd.DataFrame,
    target: str | Sequence[str],
    where: str,
    test: Tensor,
    *,
    drop: Sequence[str],
    keep: Sequence[str],
    task: Labelled | None,
    place: Place,
    label_sep: str | None = None,
    columns: Mapping[str, str] | Sequence[str] | None = None,
    marks: Marks = NO_MARKS,
) -> Encoded:
    """The table as tensors. `where` names its file for messages, `place` a row of it. Columns of `drop` are left out,
    those of `keep` taken as they are: as numbers if all their values are numbers, else as categories; `columns` says
    what a column is, see `reading.Type`.

    Raises UserError, with file, place and column, for a target that is missing and values that can be read in two ways
    or not at all, or are too large, or no scalars.
    """
    targets = [target] if isinstance(target, str) else list(target)
    _check(frame, targets, where, drop, keep)
    wanted = {name: kind for name, kind in wanted_types(columns, frame, where).items() if name not in targets}
    if task == "multilabel" or not isinstance(target, str) or label_sep is not None:
        several: dict[str, Any] = {"keep": keep, "task": task, "label_sep": label_sep, "place": place}
        found_target = encode_several(frame, targets, where, test, **several)
    else:
        found_target = encode_target(frame[target], target, where, test, keep=keep, task=task, place=place)
    outside = outside_of(len(frame), test)
    left_at_will = {*drop, *(name for name, kind in wanted.items() if kind in ("drop", "text"))}
    chosen = [Column(name, frame[name], where, place) for name in map(str, frame) if name not in targets]
    found = read_all([one for one in chosen if one.name not in left_at_will], wanted, keep, marks, outside)
    made: dict[str, NDArray[np.float64]] = {}
    indicators: set[str] = set()
    readings = readings_of_targets(frame[targets], found_target, place)
    for column in chosen:
        reading = found.get(column.name)
        if reading is None:
            readings.append(ColumnReading(column.name, "left out", int(column.values.isna().sum()), ""))
            continue
        features, told = ({}, ()) if isinstance(reading, LeftOut) else _features(reading, outside)
        binary = {key for key, values in features.items() if _is_indicator(values[outside])}
        # A number of 0 and 1 too, so that a table whose categories are features already is treated no other way.
        indicators |= binary
        made |= {key: values if key in binary else centred(values, outside) for key, values in features.items()}
        readings.append(said(reading, list(features), told))
    if not made:
        raise UserError(
            f"{where}: besides dataset.target={', '.join(targets)} there is no column to learn from{_why(readings)}"
        )
    inputs = torch.from_numpy(np.stack(list(made.values()), 1, dtype=np.float32))
    plain = [
        one for one in found.values() if isinstance(one, Reading) and one.kind in ("number", "truth value", "category")
    ]
    unsettled = [one.column for one in plain if not one.is_settled]
    warnings = warnings_of_features(unsettled, {one.column.name for one in plain if one.kind != "category"})
    return Encoded(
        **{**vars(found_target), "warnings": [*found_target.warnings, *warnings]},
        inputs=inputs,
        features=tuple(made),
        indicators=tuple(position for position, key in enumerate(made) if key in indicators),
        readings=readings,
    )


def _check(frame: pd.DataFrame, targets: Sequence[str], where: str, drop: Sequence[str], keep: Sequence[str]) -> None:
    for key, names in (("target", targets), ("drop", drop), ("keep", keep)):
        for name in names:
            require_column(key, name, frame, where)
    if unusable := [name for name in targets if name in drop]:
        raise UserError(f"dataset.drop={unusable[0]}: is the target, which cannot be left out")
    for name in keep:
        if name in drop:
            raise UserError(f"dataset.keep={name}: is in dataset.drop, too; must be in one of them")


def _why(readings: Sequence[ColumnReading]) -> str:
    told = [
        f"{one.name} ({one.told}{f'; {one.change}' if one.change else ''})"
        for one in readings
        if one.type == "left out" and one.told
    ]
    return f"; left out are {', '.join(told[:MOST_TOLD])}" if told else ""


def _features(reading: Reading, outside: NDArray[np.bool_]) -> tuple[dict[str, NDArray[np.float64]], tuple[str, ...]]:
    """The features of a column by name, and what is told of them."""
    column, name = reading.column, reading.column.name
    missing = column.missing
    if reading.kind == "category":
        return _categories(reading, outside)
    if reading.kind == "date":
        parts = days.features(column.values.to_numpy(dtype=np.float64), outside)
        found = {f"{name} {part}": values for part, values in parts.items()}
    else:
        found = {name: numbers(column, "")}
        if len(np.unique(found[name][outside & ~missing])) == 1 and missing[outside].any():
            found = {}  # a constant, of which only the gaps say anything
    marks = {f"{name} is missing": missing.astype(float)} if missing[outside].any() else {}
    return found | marks, ()


def _categories(reading: Reading, outside: NDArray[np.bool_]) -> tuple[dict[str, NDArray[np.float64]], tuple[str, ...]]:
    column, name = reading.column, reading.column.name
    words = column.values.astype(str).where(~column.missing, MISSING)
    counts = words[outside].value_counts()
    told: list[str] = []
    kept = counts if reading.is_settled else counts[(counts >= RARE) | (counts.index == MISSING)][:MOST_CATEGORIES]
    if len(kept) + 1 >= len(counts):
        kept = counts
    rare = [word for word in counts.index if word not in kept.index]
    unseen = sorted(set(words[~outside].unique()) - set(counts.index))
    found = {f"{name}={word}": (words == word).to_numpy(dtype=float) for word in sorted(kept.index)}
    if rare:
        found[f"{name}={OTHER}"] = (~words.isin(kept.index)).to_numpy(dtype=float)
        told.append(f"{len(rare)} rare ones of {len(counts)}, such as {rare[0]!r}, are one of {OTHER}")
    if unseen:
        as_what = f"one of {OTHER}" if rare else "none of the features"
        told.append(f"{len(unseen)} that only test rows have, such as {unseen[0]!r}, are {as_what}")
    return found, tuple(told)


def _is_indicator(values: NDArray[np.float64]) -> bool:
    known = values[~np.isnan(values)]
    return bool(((known == 0) | (known == 1)).all())
