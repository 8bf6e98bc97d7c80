"""A data set of arrays: its task, its parts, the layout and the scaling of its inputs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from dropout_lab.config.bounds import Count, Fraction, NonNegative
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.array_layout import LaidOut, Layout, Standardize, laid_out
from dropout_lab.datasets.arrays_given import Arrays
from dropout_lab.datasets.class_weights import ClassWeight
from dropout_lab.datasets.columns import LARGEST, MOSTLY, centred, outside_of
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.split import Supervised
from dropout_lab.datasets.target import MOST_CLASSES

EXACT = 2**24
"""Whole numbers up to this size are exact in float32."""
SHOWN = 10


def from_arrays(
    given: Arrays,
    *,
    task: Supervised | None = None,
    layout: Layout | None = None,
    standardize: Standardize | None = None,
    val_fraction: Fraction | None = None,
    test_fraction: Fraction | None = None,
    limit: Count | None = None,
    label_noise: NonNegative = 0.0,
    class_weight: ClassWeight = None,
) -> Dataset:
    """The arrays as a Dataset whose notes say what was decided, and the keys that decide otherwise.

    Raises UserError for targets that the task cannot have, for a fraction of a part that is given, and for a class
    that no training example has.
    """
    where, parts = given.where, given.parts
    parts.require_no_fraction(val_fraction, test_fraction, f"{where}: there is")
    kind = task or task_of(given.targets, where)
    n = len(given.targets)
    codes, names = _classes(given.targets, where) if kind == "classification" else (torch.zeros(n), [])
    if kind == "classification":
        parts.require_known(codes, names, where)
    test = parts.test_rows(codes, kind, test_fraction or 0.2, names)
    outside = outside_of(n, test)
    laid = laid_out(given.inputs, layout, where)
    scaled = standardize or laid.standardize
    if scaled == "step" and laid.inputs.ndim < 3:
        raise UserError(
            f"dataset.standardize=step: {where} has examples of the shape {laid.inputs.shape[1:]}; must be (steps,"
            " features)"
        )
    inputs, indicators = _inputs(laid.inputs, scaled, outside)
    return Dataset(
        name=given.name,
        task=kind,
        inputs=inputs,
        targets=codes if kind == "classification" else _numbers(given.targets, outside, where),
        test=test,
        validation=parts.validation_rows(),
        outputs=len(names) or 1,
        standardize=scaled,
        indicators=indicators,
        class_names=names,
        notes=[*given.notes, *_notes(given, laid, kind, scaled, task, standardize)],
        val_fraction=val_fraction or 0.2,
        limit=limit,
        label_noise=label_noise,
        class_weight=class_weight,
    )


def task_of(targets: NDArray[Any], where: str) -> Supervised:
    """Classification for words, truth values and few different whole numbers, as in a table, else regression.

    Raises UserError for integers of which there are too many to be classes without being asked: their type says
    classes, their number says quantities.
    """
    if targets.dtype.kind not in "iuf":
        return "classification"
    different = np.unique(targets)
    if len(different) <= MOST_CLASSES and bool((different == different.round()).all()):
        return "classification"
    if targets.dtype.kind != "f":
        raise UserError(
            f"{where}: y has {len(different)} different integers, which may be classes or quantities; give"
            " dataset.task=classification or dataset.task=regression"
        )
    return "regression"


def _notes(
    given: Arrays,
    laid: LaidOut,
    kind: Supervised,
    scaled: Standardize,
    task: Supervised | None,
    standardize: Standardize | None,
) -> Sequence[str]:
    """What was decided about the data, and the keys that decide otherwise."""
    different = pd.unique(given.targets)
    if kind == "classification":
        named = f" ({', '.join(map(_name, sorted(different)))})" if len(different) <= SHOWN else ""
        read = f"y has {len(different)} different values, taken as classes{named}"
    else:
        read = f"y has {len(different)} different numbers, taken as quantities"
    other = "regression" if kind == "classification" and given.targets.dtype.kind in "iuf" else ""
    ways = [f"dataset.task={other}"] if task is None and other else []
    by = {"step": "feature, over all steps", "none": ""}.get(scaled, scaled)
    how = f"standardized by {by}, as the training part has them" if by else "not standardized"
    ways += ["dataset.standardize=none"] if standardize is None and by else []
    change = f"; change that with {' and '.join(ways)}" if ways else ""
    notes = [f"{given.where}: {read} ({kind}); inputs are {how}{change}", *([laid.note] if laid.note else [])]
    if not by and laid.inputs.dtype.kind in "iu" and _beyond(laid.inputs):
        notes.append(f"{given.where}: inputs have integers beyond {EXACT:,}, which float32 rounds: standardize them")
    return notes


def _beyond(integers: NDArray[Any]) -> bool:
    return int(integers.max()) > EXACT or int(integers.min()) < -EXACT


def _inputs(inputs: NDArray[Any], scaled: Standardize, outside: NDArray[np.bool_]) -> tuple[Tensor, tuple[int, ...]]:
    """The inputs, and the features that are 0 or 1, which stay as they are, as those of a table do."""
    if inputs.ndim != 2 or scaled != "feature":
        return torch.from_numpy(_near_zero(inputs, scaled, outside).astype(np.float32)), ()
    binary = [bool(np.isin(column, (0, 1)).all()) for column in inputs[outside].T]
    columns = [
        column if is_binary else centred(column.astype(float), outside)
        for column, is_binary in zip(inputs.T, binary, strict=True)
    ]
    stacked = np.stack(columns, 1).astype(np.float32)
    return torch.from_numpy(stacked), tuple(int(place) for place in np.flatnonzero(binary))


def _name(value: Any) -> str:
    """What a class is called: 1, also where the numbers are 1.0."""
    return str(int(value)) if isinstance(value, float | np.floating) and float(value).is_integer() else str(value)


def _near_zero(inputs: NDArray[Any], scaled: Standardize, outside: NDArray[np.bool_]) -> NDArray[Any]:
    """Inputs that float32 does not hold exactly, less a constant that the standardization takes anyway."""
    if scaled == "none" or max(float(inputs.max()), -float(inputs.min())) <= EXACT:
        return inputs
    axes = {"feature": (0,), "step": tuple(range(inputs.ndim - 1)), "channel": (0, *range(2, inputs.ndim))}[scaled]
    exact = inputs.astype(float)
    moved: NDArray[np.float64] = exact - np.median(exact[outside], axis=axes, keepdims=True)
    return moved


def _classes(targets: NDArray[Any], where: str) -> tuple[Tensor, list[str]]:
    """(n,) int64 classes from 0, and their names. Raises UserError for values that are no classes."""
    codes, found = pd.factorize(targets, sort=True)
    if len(found) < 2:
        raise UserError(f"{where}: every y is the same, {found[0]}; there must be two classes at least")
    if len(found) > max(MOSTLY * len(targets), 2):
        raise UserError(
            f"{where}: y has {len(found)} different values in {len(targets)} examples, which are no classes; for"
            " numbers give dataset.task=regression"
        )
    return torch.from_numpy(codes.astype(np.int64)), list(map(_name, found))


def _numbers(targets: NDArray[Any], outside: NDArray[np.bool_], where: str) -> Tensor:
    """(n,) float32, less a constant. Raises UserError for words, for numbers too large, and if all are the same."""
    if targets.dtype.kind not in "iuf":
        raise UserError(f"dataset.task=regression: y has the type {targets.dtype}; must be numbers")
    exact = targets.astype(float)
    if bool((np.abs(exact) > LARGEST).any()):
        raise UserError(f"{where}: y must be from -{LARGEST:g} to {LARGEST:g}, for numbers are kept in float32")
    if bool((exact[outside] == exact[outside][0]).all()):
        raise UserError(
            f"{where}: every y to train on is the same, {targets[outside][0]}; for a regression they differ"
        )
    return torch.from_numpy(centred(exact, outside)).float()
