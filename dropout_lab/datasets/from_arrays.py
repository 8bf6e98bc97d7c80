"""A data set of arrays: its task, its parts, the layout and the scaling of its inputs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dropout_lab.config.bounds import Count, Fraction, NonNegative
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.array_layout import LaidOut, Layout, Standardize, laid_out
from dropout_lab.datasets.array_targets import target_of
from dropout_lab.datasets.arrays_given import Arrays
from dropout_lab.datasets.class_weights import ClassWeight
from dropout_lab.datasets.columns import centred, outside_of
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.split import Labelled
from dropout_lab.datasets.ways import FoldCount, Ways

EXACT = 2**24
"""Whole numbers up to this size are exact in float32."""


def from_arrays(
    given: Arrays,
    *,
    task: Labelled | None = None,
    layout: Layout | None = None,
    standardize: Standardize | None = None,
    folds: FoldCount | None = None,
    val_fraction: Fraction | None = None,
    test_fraction: Fraction | None = None,
    limit: Count | None = None,
    label_noise: NonNegative = 0.0,
    class_weight: ClassWeight = None,
) -> Dataset:
    """The arrays as a Dataset whose notes say what was decided, and the keys that decide otherwise.

    Raises UserError for targets that the task cannot have, for a fraction of a part that is given, for folds beside
    one, and for a class that no training example has.
    """
    where, parts = given.where, given.parts
    parts.require_no_fraction(val_fraction, test_fraction, f"{where}: there is")
    Ways(folds=folds, val_fraction=val_fraction)  # refuses both
    target, test, read = target_of(given, task, test_fraction or 0.2)
    outside = outside_of(len(given.targets), test)
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
        task=target.task,
        inputs=inputs,
        targets=target.targets,
        test=test,
        validation=parts.validation_rows(),
        outputs=target.outputs,
        standardize=scaled,
        indicators=indicators,
        class_names=target.class_names,
        notes=[*given.notes, *_notes(given, read, laid, scaled, standardize)],
        folds=folds,
        val_fraction=val_fraction or 0.2,
        limit=limit,
        label_noise=label_noise,
        class_weight=class_weight,
    )


def _notes(
    given: Arrays, read: str, laid: LaidOut, scaled: Standardize, standardize: Standardize | None
) -> Sequence[str]:
    """What was decided about the data, and the keys that decide otherwise."""
    by = {"step": "feature, over all steps", "none": ""}.get(scaled, scaled)
    how = f"standardized by {by}, as the training part has them" if by else "not standardized"
    change = "; change that with dataset.standardize=none" if standardize is None and by else ""
    notes = [f"{given.where}: {read}; inputs are {how}{change}", *([laid.note] if laid.note else [])]
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


def _near_zero(inputs: NDArray[Any], scaled: Standardize, outside: NDArray[np.bool_]) -> NDArray[Any]:
    """Inputs that float32 does not hold exactly, less a constant that the standardization takes anyway."""
    if scaled == "none" or max(float(inputs.max()), -float(inputs.min())) <= EXACT:
        return inputs
    axes = {"feature": (0,), "step": tuple(range(inputs.ndim - 1)), "channel": (0, *range(2, inputs.ndim))}[scaled]
    exact = inputs.astype(float)
    moved: NDArray[np.float64] = exact - np.median(exact[outside], axis=axes, keepdims=True)
    return moved
