"""Several targets of an example: columns of numbers, or labels that it has or lacks.

Labels are columns of 0 and 1 (or no and yes, false and true), or the words in the cells of one column.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.columns import (
    Column,
    Place,
    centred,
    numbers,
    outside_of,
    refuse,
    require_different,
    require_scalars,
    setting,
    shown,
)
from dropout_lab.datasets.misread import refusal_of_classes, warnings_of_target
from dropout_lab.datasets.spellings import EMPTY
from dropout_lab.datasets.split import Labelled
from dropout_lab.datasets.target import EncodedTarget, require_known, without_missing_target

MARKS = {"0": 0.0, "1": 1.0, "0.0": 0.0, "1.0": 1.0, "false": 0.0, "true": 1.0, "no": 0.0, "yes": 1.0}
"""What a cell of a label may have, in any case."""


def encode_several(
    frame: pd.DataFrame,
    target: str | Sequence[str],
    where: str,
    test: Tensor,
    *,
    keep: Sequence[str],
    task: Labelled | None,
    label_sep: str | None,
    place: Place,
) -> EncodedTarget:
    """The columns `target`, (n, outputs) float32: numbers, each less a constant, or 1 for a label that an example has.

    Raises UserError, with file, place and column, where a value is missing or is no number or mark, where all rows
    outside of the test set have the same, and where it is open whether columns of 0 and 1 are numbers or labels.
    """
    names = _names(target)
    require_different(names, "dataset.target")
    for name in names:
        require_scalars(frame[name], name, where, place)
    columns = [
        Column(name, without_missing_target(frame[name], name in keep), where, place, frame[name]) for name in names
    ]
    if label_sep is not None:
        return _labels_in_cells(columns, label_sep, test, keep=keep, task=task)
    for column in columns:
        require_known(column.values, column.name, where, place)
    outside = outside_of(len(frame), test)
    if (task or _task_of(columns)) == "multilabel":
        marks = np.stack([_marks(column) for column in columns], 1)
        _require_differing(columns, marks, outside, "; a label must be there in some rows and not in others")
        return EncodedTarget(torch.from_numpy(marks).float(), len(names), "multilabel", names, ())
    if task == "classification":
        raise UserError(
            f"dataset.task=classification: dataset.target=[{', '.join(names)}] are {len(names)} columns, and a class is"
            " one; must be regression, for numbers, or multilabel, for columns of 0 and 1"
        )
    measured = np.stack([numbers(column, "") for column in columns], 1)
    _require_differing(columns, measured, outside, "; for dataset.task=regression they must differ")
    warnings = [said for column in columns if column.name not in keep for said in warnings_of_target(column)]
    centre = np.stack([centred(values, outside) for values in measured.T], 1)
    return EncodedTarget(torch.from_numpy(centre).float(), len(names), "regression", names, warnings)


def _names(target: str | Sequence[str]) -> list[str]:
    return [target] if isinstance(target, str) else list(target)


def _task_of(columns: Sequence[Column]) -> Labelled:
    """Numbers, where these are not all 0 and 1. Raises UserError for others: nothing says what they are."""
    words = [column for column in columns if not column.parsed.all()]
    if not words and any(not np.isin(column.numeric, (0, 1)).all() for column in columns):
        return "regression"
    names = ", ".join(column.name for column in columns)
    if all(column.words.str.lower().isin(MARKS).all() for column in columns):
        raise UserError(
            f"dataset.target=[{names}]: have only 0 and 1, or no and yes; give dataset.task=multilabel for labels that"
            " an example has or has not, or dataset.task=regression for numbers"
        )
    row = int(np.argmin(words[0].parsed))
    raise UserError(
        f"dataset.target=[{names}]: {words[0].at(row)} has {shown(words[0].values.iloc[row])}; several targets must be"
        " numbers, or labels of 0 and 1 with dataset.task=multilabel; classes are one column"
    )


def _marks(column: Column) -> NDArray[np.float64]:
    """(n,) 1 where a label is, else 0."""
    found = np.asarray(column.words.str.lower().map(MARKS), dtype=np.float64)
    if np.isnan(found).any():
        row = int(np.argmax(np.isnan(found)))
        raise UserError(
            f"{column.at(row)} has {shown(column.values.iloc[row])}; a label (dataset.task=multilabel) must be 0 or 1,"
            " no or yes, false or true; labels as words in one column are read with dataset.label_sep"
        )
    return found


def _require_differing(
    columns: Sequence[Column], values: NDArray[np.float64], outside: NDArray[np.bool_], why: str
) -> None:
    for column, found in zip(columns, values.T, strict=True):
        if (found[outside] == found[outside][0]).all():
            raise UserError(
                f"dataset.target={column.name}: every row of {column.where} outside of the test set has the same,"
                f" {column.values[outside].iloc[0]}{why}"
            )


def _labels_in_cells(
    columns: Sequence[Column], label_sep: str, test: Tensor, *, keep: Sequence[str], task: Labelled | None
) -> EncodedTarget:
    """The labels of a column whose cells have none, one, or several of them; an empty cell has none."""
    key = f"dataset.label_sep={shown(label_sep)}"
    if task not in (None, "multilabel"):
        raise UserError(f"{key}: divides a cell into labels; dataset.task={task} must be multilabel or null")
    if len(columns) > 1:
        raise UserError(f"{key}: divides the cells of one column; dataset.target must name one")
    if not label_sep.strip():
        raise UserError(f"{key}: must be a character between the labels of a cell, such as ';'")
    (column,) = columns
    each = [_in_cell(value, label_sep) for value in column.values]
    outside = outside_of(len(each), test)
    rows = [row for row in np.flatnonzero(outside).tolist() for _ in each[row]]
    words = pd.Series([word for row in np.flatnonzero(outside).tolist() for word in each[row]], dtype=object)
    if words.empty:
        raise UserError(f"{column}, the target, has no label outside of the test set")
    met = Column(column.name, words, column.where, lambda number: column.place(rows[number]))
    refuse([refusal_of_classes(met, column.name in keep, asked=True)])
    names = sorted(words.unique())
    marks = torch.tensor([[float(name in cell) for name in names] for cell in each])
    empty = sum(not cell for cell in each)
    strange = sorted({word for cell in each for word in cell} - set(names))
    warnings = []
    if empty:
        given = column.as_written[[not cell for cell in each]].dropna().unique()
        odd = sorted({str(word).strip() for word in given} - set(EMPTY))
        have = f" or have {' and '.join(map(shown, odd))}" if odd else ""
        warnings.append(f"{column}: {empty} of {len(each)} cells are empty{have}, read as examples without any label")
    if strange:
        warnings.append(
            f"{column}: {', '.join(strange[:5])} {'is a label' if len(strange) == 1 else 'are labels'} of test rows"
            " alone, and left out"
        )
    if column.name in keep:
        warnings = []
    elif warnings:
        warnings[-1] += f"; end this warning with {setting('keep', column.name)}"
    return EncodedTarget(marks, len(names), "multilabel", names, warnings)


def _in_cell(value: object, label_sep: str) -> frozenset[str]:
    if value is None or value != value:  # NaN
        return frozenset()
    return frozenset(word for part in str(value).split(label_sep) if (word := part.strip()))


def several_of_array(
    values: NDArray[np.generic], task: Labelled | None, outside: NDArray[np.bool_], where: str = "data"
) -> EncodedTarget:
    """The columns of an array, (n, outputs), likewise: numbers, or labels of 0 and 1.

    outside: (n,) the examples outside of the test set. Raises UserError for what `encode_several` refuses, by column.
    """
    exact = values.astype(float)
    are_marks = bool(np.isin(exact, (0, 1)).all())
    y = f"{where}: y has the shape {values.shape}"
    if task is None and are_marks:
        raise UserError(
            f"{y} and only 0 and 1: give dataset.task=multilabel for labels that an example has or has not, or"
            " dataset.task=regression for numbers"
        )
    if task == "classification":
        raise UserError(f"dataset.task=classification: {y}, and a class is one value; must be regression or multilabel")
    if task == "multilabel" and not are_marks:
        raise UserError(f"dataset.task=multilabel: {y} and {exact[~np.isin(exact, (0, 1))][0]:g}; must be 0 or 1")
    if same := np.flatnonzero((exact[outside] == exact[outside][0]).all(0)).tolist():
        raise UserError(f"{y}, and column {same[0]} is {exact[outside][0][same[0]]:g} in every example to train on")
    names = [f"y[{number}]" for number in range(exact.shape[1])]
    if task != "multilabel":
        exact = np.stack([centred(column, outside) for column in exact.T], 1)
    return EncodedTarget(torch.from_numpy(exact).float(), len(names), task or "regression", names, ())
