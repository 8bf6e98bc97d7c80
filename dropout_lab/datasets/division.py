"""How a table's rows are divided where not at random: by groups, in time, by a column, by files, in folds.

A loader makes `Ways` of its keys and hands them over with its table: `divided` takes the columns out that say how to
divide, and gives the parts that they fix and the groups. What is left to be drawn is drawn by the dataset.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.columns import (
    Column,
    Place,
    given,
    has_blanks,
    require_column,
    setting,
    shown,
    stripped,
    without_missing,
)
from dropout_lab.datasets.files import NO_MARKS, Marks
from dropout_lab.datasets.hints import hints
from dropout_lab.datasets.misread import alike
from dropout_lab.datasets.part_names import ALLOWED, GivenParts, Part, part_of
from dropout_lab.datasets.times import later, times_of
from dropout_lab.datasets.ways import Ways

DEFAULT_FRACTION = 0.2


@dataclass(frozen=True, eq=False)
class Division:
    """What `Ways` make of a table."""

    frame: pd.DataFrame
    """Without the columns that say how to divide, but for a time that `keep` asks for."""
    parts: GivenParts
    groups: NDArray[np.int64] | None
    """(n,) numbered from 0."""
    ways: Ways
    words: str
    """How the parts are fixed, for people: `in time, by date`; empty where they are not."""
    notes: Sequence[str]
    hints: Sequence[str]
    """See `hints`."""
    place: Place

    @property
    def test_fraction(self) -> float:
        return DEFAULT_FRACTION if self.ways.test_fraction is None else self.ways.test_fraction

    def free(self) -> Tensor:
        """The rows, ascending, that no given part has."""
        given = [rows for rows in (self.parts.validation, self.parts.test) if rows is not None]
        rows = torch.arange(len(self.frame))
        return rows[~torch.isin(rows, torch.cat(given))] if given else rows

    def settings(self) -> dict[str, Any]:
        """Arguments of `Dataset`."""
        fraction = self.ways.val_fraction
        return {
            "validation": self.parts.validation,
            "groups": None if self.groups is None else torch.from_numpy(self.groups),
            "group_name": self.ways.group or "",
            "folds": self.ways.folds,
            "division": self.words,
            "val_fraction": DEFAULT_FRACTION if fraction is None else fraction,
            "hints": self.hints,
            "place": self.place,
        }


def divided(
    frame: pd.DataFrame,
    where: str,
    place: Place,
    ways: Ways,
    *,
    targets: Sequence[str],
    keep: Sequence[str] = (),
    validated: int = 0,
    tested: int | None = None,
    columns: Mapping[str, str] | None = None,
    marks: Marks = NO_MARKS,
) -> Division:
    """Divides a table. `columns`: what dataset.columns says of a time; `marks`: what dataset.read says of it.
    `validated`, `tested`: how many of its last rows are the validation part and, behind it, the test set, where files
    or the hub give them.

    Raises UserError for a column that is not there, is the target, or has values that say nothing about the parts, for
    groups on both sides of parts that are given, and for keys that say different things of the same rows.
    """
    for key, name in ways.columns.items():
        require_column(key, name, frame, where)
        if name in targets:
            raise UserError(f"dataset.{key}={name}: is the target, too; must be another column")
        if name in keep and key != "time":
            raise UserError(f"dataset.keep={name}: is dataset.{key}, too, which is no feature; leave it out of one")
    found = hints(frame, where, place, targets=targets, keep=keep, asked=ways.columns)
    parts, words, notes = _given(frame, where, place, ways, validated, tested)
    left = frame.drop(columns=[name for key, name in ways.columns.items() if key != "time"])
    if ways.time is not None:
        parts, left, of_time = _in_time(
            left,
            Column(ways.time, frame[ways.time], where, place),
            ways,
            parts,
            ways.time in keep,
            columns or {},
            marks,
        )
        words, notes = f"in time, by {ways.time}", [*notes, of_time]
    groups = None
    if ways.group is not None:
        values = stripped(frame[ways.group])
        column = Column(ways.group, without_missing(values), where, place, frame[ways.group])
        groups = _groups(column)
        _require_whole(column, groups, parts)
        notes.append(_of_groups(column, groups))
        found = [*found, *_spelled_alike(column)]
    return Division(left, parts, groups, ways, words, notes, found, place)


def _given(
    frame: pd.DataFrame, where: str, place: Place, ways: Ways, validated: int, tested: int | None
) -> tuple[GivenParts, str, list[str]]:
    """The parts that files, the hub or a column give, in words, and what was made of them."""
    n = len(frame)
    end = n - (tested or 0)
    if tested:
        ways.refuse_given(("test_fraction",), f"{where} has a test part of its own; leave it out")
    parts = GivenParts(
        validation=torch.arange(end - validated, end) if validated else None,
        test=torch.arange(end, n) if tested else None,
    )
    if ways.split is None:
        words = "by files" if validated else ""
        return parts, words, []
    values = stripped(frame[ways.split])
    column = Column(ways.split, without_missing(values), where, place, frame[ways.split])
    found = GivenParts.of([_part(column, row) for row in range(n)])
    if found.test is not None and parts.test is not None:
        raise UserError(
            f"dataset.split={ways.split}: gives test rows, and {where} has a test part of its own; give one of them"
        )
    if found.validation is not None:
        said = f"dataset.split={ways.split} says which rows validate; leave out one of them"
        ways.refuse_given(("time", "folds", "val_fraction"), said)
    if found.test is not None:
        said = f"dataset.split={ways.split} says which rows test; leave out one of them"
        ways.refuse_given(("test_fraction",), said)
    parts = replace(found, test=parts.test if found.test is None else found.test)
    sizes = _sizes(n, parts)
    if not sizes["train"]:
        raise UserError(f"{column}, dataset.split, has no row that says train")
    if len(sizes) == 1:
        raise UserError(f"{column}, dataset.split, says train in every row, so it divides nothing")
    words = f"by the column {ways.split}" if parts.validation is not None else ""
    told = ", ".join(f"{count:,} {part}" for part, count in sizes.items())
    blanks = "; blanks around its words are left out" if has_blanks(column.as_written) else ""
    return parts, words, [f"{column} is dataset.split: {told} rows; it is no feature{blanks}"]


def _sizes(n: int, parts: GivenParts) -> dict[str, int]:
    sizes = {name: len(rows) for name, rows in vars(parts).items() if rows is not None}
    return {"train": n - sum(sizes.values()), **sizes}


def _part(column: Column, row: int) -> Part:
    value = column.values.iloc[row]
    if column.missing[row]:
        raise UserError(f"{column.at(row)}, dataset.split, is empty; must be {ALLOWED}")
    if (found := part_of(value)) is None:
        raise UserError(
            f"{column.at(row)}, dataset.split, has {shown(value)}; must be {ALLOWED}{_of_folds(column, value)}"
        )
    return found


def _of_folds(column: Column, value: object) -> str:
    """The keys for a column that numbers folds."""
    if not str(value).replace(".", "", 1).isdigit():
        return ""
    return (
        "; for folds that are drawn by themselves give dataset.folds=<how many>, and to keep the rows of one number"
        f" together {given('group', column.name)}"
    )


def _in_time(
    frame: pd.DataFrame,
    time: Column,
    ways: Ways,
    parts: GivenParts,
    kept: bool,
    columns: Mapping[str, str],
    marks: Marks,
) -> tuple[GivenParts, pd.DataFrame, str]:
    """The parts with those that are cut off by time, the table with the time or without, and what was made of it."""
    times, read, guessed = times_of(time, columns.get(time.name), marks)
    left = frame.assign(**{time.name: read}) if kept else frame.drop(columns=time.name)
    test = parts.test
    rest = np.arange(len(frame)) if test is None else np.setdiff1d(np.arange(len(frame)), test.numpy())
    if test is None:
        fraction = DEFAULT_FRACTION if ways.test_fraction is None else ways.test_fraction
        last = later(times, round(fraction * len(times)), f"dataset.test_fraction={fraction}")
        test, rest = torch.from_numpy(np.flatnonzero(last)), np.flatnonzero(~last)
    fraction = DEFAULT_FRACTION if ways.val_fraction is None else ways.val_fraction
    last = later(times[rest], round(fraction * len(rest)), f"dataset.val_fraction={fraction}")
    validation, train = rest[last], rest[~last]
    spans = [
        f"{len(rows):,} {part} rows from {_moment(read, rows, times, 'min')} to {_moment(read, rows, times, 'max')}"
        for part, rows in (("train", train), ("validation", validation), ("test", test.numpy()))
    ]
    feature = "is kept as a feature" if kept else f"is no feature ({setting('keep', time.name)} makes it one)"
    told = f"{time} is dataset.time: {'; '.join(spans)}; it {feature}{f'; {guessed}' if guessed else ''}"
    return GivenParts(torch.from_numpy(validation), test), left, told


def _moment(read: "pd.Series[Any]", rows: NDArray[np.int64], times: NDArray[np.float64], end: str) -> str:
    at = rows[getattr(times[rows], f"arg{end}")()]
    value = read.iloc[int(at)]
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}" if value == value.normalize() else f"{value:%Y-%m-%d %H:%M:%S}"
    return f"{value:g}" if isinstance(value, float) and not value.is_integer() else f"{value:.0f}"


def _groups(column: Column) -> NDArray[np.int64]:
    """(n,) numbers of the groups. Raises UserError for a row without one, and for a single group."""
    if column.missing.any():
        row = int(column.missing.argmax())
        value = column.as_written.iloc[row]
        is_word = isinstance(value, str) and value.strip()
        is_what = f"has {shown(value)}, which stands for a missing value" if is_word else "is empty"
        raise UserError(
            f"{column.at(row)}, dataset.group, {is_what}; every row must be in a group, and a row that belongs to no"
            " other needs a name of its own"
        )
    codes, names = pd.factorize(column.values.astype(str))
    if len(names) < 2:
        raise UserError(f"{column}, dataset.group, has the same value in every row, {column.first()}")
    return codes.astype(np.int64)


def _of_groups(column: Column, groups: NDArray[np.int64]) -> str:
    sizes = np.bincount(groups)
    rows = f"{sizes.min()} rows" if sizes.min() == sizes.max() else f"{sizes.min()} to {sizes.max()} rows"
    blanks = "; blanks around their names are left out" if has_blanks(column.as_written) else ""
    return f"{column} is dataset.group: {len(sizes):,} groups of {rows}, never on both sides; it is no feature{blanks}"


def _spelled_alike(column: Column) -> list[str]:
    """A warning of two groups that may be one."""
    if (pair := alike(column.words)) is None:
        return []
    examples = " and ".join(map(column.example_of, pair))
    return [
        f"{column}, dataset.group, has {examples}, which differ only in spelling and are two groups, so that they may"
        " be on two sides; spell them alike in the file if they are one"
    ]


def _require_whole(column: Column, groups: NDArray[np.int64], parts: GivenParts) -> None:
    """Raises UserError for a group on both sides of parts that are given."""
    part = np.zeros(len(groups), dtype=np.int64)
    names = ("train", "validation", "test")
    for number, rows in enumerate((parts.validation, parts.test), 1):
        if rows is not None:
            part[rows.numpy()] = number
    first: NDArray[np.int64] = np.unique(groups, return_index=True)[1]
    apart = np.flatnonzero(part != part[first[groups]])
    if len(apart):
        row, other = int(apart[0]), int(first[groups[apart[0]]])
        raise UserError(
            f"{column}, dataset.group: {column.example(other)} is in the {names[part[other]]} part and"
            f" {column.example(row)} in the {names[part[row]]} part; the parts that are given divide this group"
        )
