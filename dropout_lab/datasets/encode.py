"""Columns of a table as numbers: a feature per number, one per category, and marks for what is missing.

Which features there are follows from rows outside the test set alone. A category that only test rows have is 0 in all
its column's features. A missing number stays NaN, to be filled in with what 0 is after standardization: the mean of the
seed's training part, or 0 itself in an indicator; see `dataset.Split`.

Numbers are less their column's median outside the test set, in float64, before they become float32, whose 24 bits keep
steps of 128 s alone of times in seconds since 1970. The standardization is the same with and without.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.columns import (
    MOSTLY,
    Column,
    Place,
    centred,
    numbers,
    outside_of,
    refuse,
    require_column,
    require_scalars,
    setting,
    without_missing,
)
from dropout_lab.datasets.misread import MOST_CATEGORIES, refusal_of_words, warnings_of_features
from dropout_lab.datasets.several import encode_several
from dropout_lab.datasets.split import Labelled
from dropout_lab.datasets.target import EncodedTarget, encode_target


@dataclass(frozen=True)
class Encoded(EncodedTarget):
    inputs: Tensor
    """(n, features) float32, less a constant of each column of numbers; NaN where a number is missing."""
    features: Sequence[str]
    """`age`, `city=Oslo`, `age is missing`."""
    indicators: Sequence[int]
    """Which features are 0 or 1: those of categories, the marks of what is missing, and numbers that are."""


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
) -> Encoded:
    """The table as tensors. `where` names its file for messages, `place` a row of it. Columns of `drop` are left out,
    those of `keep` taken as they are: as numbers if all their values are numbers, else as categories.

    Raises UserError, with file, place and column, for a target that is missing and values that are no numbers in a
    column of numbers, or too large, or no scalars, and for columns that would be misread, see `misread`.
    """
    targets = [target] if isinstance(target, str) else list(target)
    for key, names in (("target", targets), ("drop", drop), ("keep", keep)):
        for name in names:
            require_column(key, name, frame, where)
    if unusable := [name for name in targets if name in drop]:
        raise UserError(f"dataset.drop={unusable[0]}: is the target, which cannot be left out")
    for name in keep:
        if name in drop:
            raise UserError(f"dataset.keep={name}: is in dataset.drop, too; must be in one of them")
    frame = frame.drop(columns=list(drop))
    for name in map(str, frame):
        require_scalars(frame[name], name, where, place)
    if task == "multilabel" or not isinstance(target, str) or label_sep is not None:
        several: dict[str, Any] = {"keep": keep, "task": task, "label_sep": label_sep, "place": place}
        found_target = encode_several(frame, targets, where, test, **several)
    else:
        found_target = encode_target(frame[target], target, where, test, keep=keep, task=task, place=place)
    outside = outside_of(len(frame), test)
    learned_from = [name for name in map(str, frame) if name not in targets]
    features = [Column(name, without_missing(frame[name]), where, place) for name in learned_from]
    for column in features:
        _require_values(column, outside)
    numeric = {column.name for column in features if _has_numbers(column, column.name in keep, outside)}
    refused = {
        column.name: why
        for column in features
        if column.name not in numeric and (why := refusal_of_words(column, column.name in keep)) is not None
    }
    at_once = f"All of these are left out with {setting('drop', *drop, *refused)}"
    refuse([*refused.values(), at_once if len(refused) > 1 else None])
    columns: dict[str, NDArray[np.float64]] = {}
    indicators: set[str] = set()
    for column in features:
        found = _features(column, column.name in numeric, outside)
        # A number of 0 and 1 too, so that a table whose categories are features already is treated no other way.
        binary = {key for key, values in found.items() if _is_indicator(values[outside])}
        indicators |= binary
        columns |= {key: values if key in binary else centred(values, outside) for key, values in found.items()}
    if not columns:
        raise UserError(f"{where}: besides dataset.target={', '.join(targets)} there is no column to learn from")
    inputs = torch.from_numpy(np.stack(list(columns.values()), 1)).float()
    positions = tuple(position for position, key in enumerate(columns) if key in indicators)
    warnings = warnings_of_features([column for column in features if column.name not in keep], numeric)
    return Encoded(
        **{**vars(found_target), "warnings": [*found_target.warnings, *warnings]},
        inputs=inputs,
        features=tuple(columns),
        indicators=positions,
    )


def _require_values(column: Column, outside: NDArray[np.bool_]) -> None:
    if column.missing[outside].all():
        rows = "" if column.missing.all() else " outside of the test set"
        raise UserError(f"{column} is empty{rows}; leave it out with {setting('drop', column.name)}")


def _has_numbers(column: Column, kept: bool, outside: NDArray[np.bool_]) -> bool:
    """Whether most values that are known outside of the test set are numbers; of a column that is kept, all."""
    if kept:
        return bool((column.parsed | column.missing).all())
    return bool(column.parsed[outside].sum() > MOSTLY * (~column.missing)[outside].sum())


def _features(column: Column, is_number: bool, outside: NDArray[np.bool_]) -> dict[str, NDArray[np.float64]]:
    name, missing = column.name, column.missing
    if is_number:
        are_few = column.words.nunique() <= MOST_CATEGORIES
        found = {name: numbers(column, f"; if these are categories, give {setting('keep', name)}" if are_few else "")}
        return found | ({f"{name} is missing": missing.astype(float)} if missing[outside].any() else {})
    words = column.values.astype(str).where(~missing, "(missing)")
    categories = sorted(words[outside].unique())
    return {f"{name}={category}": (words == category).to_numpy(dtype=float) for category in categories}


def _is_indicator(values: NDArray[np.float64]) -> bool:
    known = values[~np.isnan(values)]
    return bool(((known == 0) | (known == 1)).all())
