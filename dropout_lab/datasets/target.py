"""The column that a table is to predict, as classes or numbers, and the test set that is held out by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.amounts import amount
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
    shown,
    stripped,
    without_missing,
)
from dropout_lab.datasets.division import Division
from dropout_lab.datasets.further_files import Files
from dropout_lab.datasets.held_out import hold_out_test
from dropout_lab.datasets.misread import refusal_of_classes, warnings_of_target
from dropout_lab.datasets.spellings import EMPTY, FOR_MISSING, MISSING_AMONG_WORDS, spelled
from dropout_lab.datasets.split import Supervised, Task

MissingTarget = Literal["refuse", "drop"]
"""What is made of rows without a target."""

MOST_CLASSES = 20
"""Whole numbers with at most this many different values are classes, unless dataset.task says otherwise."""

WITHOUT = (
    "; dataset.missing_target=drop leaves such rows out; where a cell may have no label or several, such as a;b, give"
    ' dataset.label_sep=";"'
)
"""The ways out for a row without a target."""
LOOKED_AT = 200
"""So many values say whether a target is of numbers or of words."""
AS_CLASSES = "; if these are classes, give dataset.task=classification"


@dataclass(frozen=True)
class EncodedTarget:
    targets: Tensor
    """(n,) int64 classes from 0, or float32, less a constant."""
    outputs: int
    task: Task
    class_names: Sequence[str]
    """What the classes are in the file; none for regression."""
    warnings: Sequence[str]
    """What may be misread in the file, in sentences that name the key that settles it; see `misread`."""


def task_of(column: Column, wanted: Supervised | None) -> Task:
    """Classification for words, truth values and few different whole numbers, else regression. Where most values are
    numbers these decide, so that a stray word among measurements makes no classes of them."""
    if wanted is not None:
        return wanted
    known = column.numeric[column.parsed]
    if len(known) <= MOSTLY * len(column.values) or column.values.dtype == bool:
        return "classification"
    whole = bool((known == known.round()).all())
    return "classification" if whole and len(np.unique(known)) <= MOST_CLASSES else "regression"


def encode_target(
    values: "pd.Series[Any]",
    name: str,
    where: str,
    test: Tensor,
    *,
    keep: Sequence[str],
    task: Supervised | None,
    place: Place,
) -> EncodedTarget:
    """The column that is to be predicted, `name`. Raises UserError where it is missing or no number or class, and for
    classes that are misread unless `keep` has its name."""
    column, kind = _target(values, name, where, keep=keep, task=task, place=place)
    values = column.values
    if kind == "classification":
        names = sorted(values.astype(str).unique(), key=_by_number)
        numbered = {word: number for number, word in enumerate(names)}
        if len(names) < 2:
            raise UserError(f"dataset.target={name}: every row of {where} has the same, {names[0]}")
        codes = torch.tensor([numbered[word] for word in values.astype(str)])
        return EncodedTarget(codes, len(names), kind, names, ())
    outside = outside_of(len(values), test)
    measured = numbers(column, "" if task else AS_CLASSES)
    if (measured[outside] == measured[outside][0]).all():
        raise UserError(
            f"dataset.target={name}: every row of {where} outside of the test set has the same,"
            f" {values[outside].iloc[0]}; for dataset.task=regression they must differ"
        )
    warnings = [] if name in keep else warnings_of_target(column)
    return EncodedTarget(torch.tensor(centred(measured, outside)).float(), 1, kind, (), warnings)


def held_out(division: Division, target: str, where: str, *, keep: Sequence[str], task: Supervised | None) -> Tensor:
    """The rows of the test set: those that the division gives, or of the others the wanted fraction, by class.

    Raises UserError for a target that is missing or misread, and for a class that cannot be divided."""
    frame, place = division.frame, division.place
    require_column("target", target, frame, where)
    column, kind = _target(frame[target], target, where, keep=keep, task=task, place=place)
    if division.parts.test is not None:
        return division.parts.test
    codes, names = pd.factorize(column.values.astype(str))
    return _drawn(division, torch.tensor(codes), kind, names.tolist())


def held_out_rows(division: Division, targets: Sequence[str], where: str) -> Tensor:
    """As `held_out`, without regard to the targets."""
    for name in targets:
        require_column("target", name, division.frame, where)
    if division.parts.test is not None:
        return division.parts.test
    return _drawn(division, torch.zeros(len(division.frame)), "regression", ())


def _drawn(division: Division, targets: Tensor, task: Task, class_names: Sequence[str]) -> Tensor:
    free = division.free()
    groups = None if division.groups is None else torch.from_numpy(division.groups)[free]
    name = division.ways.group or ""
    return free[hold_out_test(targets[free], task, division.test_fraction, class_names, groups, name)]


def without_missing_target(values: "pd.Series[Any]", kept: bool) -> "pd.Series[Any]":
    """None in place of the words for a missing value, by what most of the others are: among numbers `unknown` is one,
    among words it may be a class. `kept`: whether dataset.keep says that words are classes; empty cells never are."""
    plain = stripped(values)
    if kept or not (plain.dtype == object or isinstance(plain.dtype, pd.StringDtype)):
        return without_missing(plain, EMPTY)
    some = without_missing(plain).dropna().head(LOOKED_AT)
    read = [not isinstance(value, str) or amount(value) is not None for value in some]
    are_numbers = sum(read) > MOSTLY * len(read)
    return without_missing(plain, FOR_MISSING if are_numbers else MISSING_AMONG_WORDS)


def require_known(
    values: "pd.Series[Any]",
    name: str,
    where: str,
    place: Place,
    remedy: str = "",
    written: "pd.Series[Any] | None" = None,
) -> None:
    """Raises UserError for a target that is missing. `written`: what the file has, where a word may stand for that."""
    missing = values.isna().to_numpy()
    if not missing.any():
        return
    row = int(np.argmax(missing))
    word = None if written is None else written.iloc[row]
    is_what = "is empty"
    if isinstance(word, str) and word.strip():
        is_what, class_too = f"has {shown(word)}, which stands for a missing value", setting("keep", name)
        remedy += f"; if that is a class, give {class_too}"
    raise UserError(f"{where}, {place(row)}: column {name}, the target, {is_what}{remedy}")


def with_target(
    files: Files, target: str | Sequence[str], where: str, missing_target: MissingTarget, keep: Sequence[str]
) -> tuple[Files, list[str]]:
    """The rows in which every target is known, and how many others there are, in words.

    Raises UserError for the others, unless they are dropped.
    """
    frame, place = files.frame, files.place
    missing = np.zeros(len(frame), dtype=bool)
    names, words = [target] if isinstance(target, str) else list(target), dict[str, str]()
    for name in names:
        require_column("target", name, frame, where)
        require_scalars(frame[name], name, where, place)
        values = without_missing_target(frame[name], name in keep)
        if missing_target == "refuse":
            require_known(values, name, where, place, WITHOUT, frame[name])
        gaps = values.isna().to_numpy()
        odd = {word.strip() for word in frame[name][gaps].unique() if isinstance(word, str)} - set(EMPTY)
        words |= dict.fromkeys(sorted(odd), name)
        missing |= gaps
    said = [one for name in names if name not in keep for one in _may_be_missing(frame[name], name, where)]
    if not missing.any():
        return files, said
    if missing.all():
        raise UserError(f"{where}: {', '.join(names)}, the target, is empty in every row")
    left_out = f"{int(missing.sum())} of {len(frame)} rows, the first {place(int(np.argmax(missing)))}"
    note = f"{where}: {left_out}, have no {' or no '.join(names)} and are left out (dataset.missing_target=drop)"
    if words:
        kept = setting("keep", *dict.fromkeys(words.values()))
        note += f"; {' and '.join(map(shown, words))} taken as missing; {kept} makes a class of such a word"
    return files.only(~missing), [note, *said]


def _may_be_missing(values: "pd.Series[Any]", name: str, where: str) -> list[str]:
    """That a class has the name of a missing value."""
    left = without_missing_target(values, False)
    words = left[left.isin(spelled(set(FOR_MISSING) - MISSING_AMONG_WORDS))].unique()
    return [
        f"{where}: the target, {name}, has the class {shown(word)}; if that stands for a missing value, give"
        f" 'dataset.read={{na_values:[\"{word}\"]}}' dataset.missing_target=drop; end this note with"
        f" {setting('keep', name)}"
        for word in words[:1]
    ]


def require_alike(values: "pd.Series[Any]", name: str, where: str, *, keep: Sequence[str], place: Place) -> None:
    """Raises UserError for classes that differ only in their spelling, unless `keep` has the column."""
    refuse([refusal_of_classes(Column(name, values, where, place), name in keep, asked=True)])


def require_target_alone(keep: Sequence[str], target: str) -> None:
    """Raises UserError where `dataset.keep` has a column of which nothing is read."""
    for name in keep:
        if name != target:
            raise UserError(f"dataset.keep={name}: only the target, {target}, is read as words or numbers here")


def _target(
    values: "pd.Series[Any]", name: str, where: str, *, keep: Sequence[str], task: Supervised | None, place: Place
) -> tuple[Column, Task]:
    """The target without the words for missing values, and what is to be learned of it."""
    require_scalars(values, name, where, place)
    column = Column(name, without_missing_target(values, name in keep), where, place)
    require_known(column.values, name, where, place, "", values)
    kind = task_of(column, task)
    if kind == "classification":
        if task is None and column.parsed.mean() > MOSTLY:
            numbers(column, AS_CLASSES)  # a word among few whole numbers is a mistake, as it is among features
        refuse([refusal_of_classes(column, name in keep, asked=task is not None)])
    return column, kind


def _by_number(name: str) -> tuple[float, str]:
    try:
        return float(name), name
    except ValueError:
        return float("inf"), name
