"""Arrays handed over from Python as a data set: `dropout_lab.sweep(data=(X_train, y_train, X_test, y_test))`."""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from dropout_lab.config.bounds import Count, Fraction, NonNegative
from dropout_lab.config.handed import handed_object
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.class_weights import ClassWeight
from dropout_lab.datasets.columns import LARGEST, MOSTLY, centred, outside_of
from dropout_lab.datasets.dataset import Dataset, hold_out_test
from dropout_lab.datasets.split import Supervised
from dropout_lab.datasets.target import MOST_CLASSES

Standardize = Literal["feature", "channel", "none"]
IMAGES = 4
"""The dimensions of (n, channels, height, width)."""


@dataclass(frozen=True, eq=False)
class Arrays:
    """Examples as they were given: those to train on first, then those of a validation part, then the test set's."""

    name: str
    inputs: NDArray[Any]
    """(n, ...) numbers, finite."""
    targets: NDArray[Any]
    """(n,) numbers, truth values or words."""
    validation: int
    """Examples of the validation part; 0: each seed draws its own."""
    test: int
    """Examples of the test set; 0: it is held out of all."""

    def digest(self) -> str:
        """A hash of the examples and their parts."""
        found = hashlib.blake2b(f"{self.validation} {self.test}".encode(), digest_size=6)
        words = self.targets.astype(str) if self.targets.dtype.kind in "OUT" else self.targets
        for array in (self.inputs, words):
            found.update(f"{array.shape} {array.dtype}".encode())
            found.update(np.ascontiguousarray(array).data if array.dtype.kind != "U" else "\0".join(array).encode())
        return found.hexdigest()


def arrays(
    *,
    handed: str | None = None,
    task: Supervised | None = None,
    standardize: Standardize | None = None,
    val_fraction: Fraction | None = None,
    test_fraction: Fraction | None = None,
    limit: Count | None = None,
    label_noise: NonNegative = 0.0,
    class_weight: ClassWeight = None,
) -> Dataset:
    """The arrays that this process knows by the name `handed`. Raises UserError where it knows none."""
    given = _given(handed)
    for key, fraction, part, size in (
        ("val_fraction", val_fraction, "validation", given.validation),
        ("test_fraction", test_fraction, "test", given.test),
    ):
        if size and fraction is not None:
            raise UserError(f"dataset.{key}={fraction}: the data have a {part} part of their own; leave it out")
    kind = task or task_of(given.targets)
    n = len(given.targets)
    codes, names = _classes(given.targets) if kind == "classification" else (torch.zeros(n), [])
    end = n - given.test
    if kind == "classification":
        _check_classes(codes, names, end - given.validation, end)
    test = torch.arange(end, n) if given.test else hold_out_test(codes, kind, test_fraction or 0.2, names)
    outside = outside_of(n, test)
    scaled = standardize or _scaling(given.inputs)
    inputs, indicators = _inputs(given.inputs, scaled, outside)
    return Dataset(
        name=given.name,
        task=kind,
        inputs=inputs,
        targets=codes if kind == "classification" else _numbers(given.targets, outside),
        test=test,
        validation=torch.arange(end - given.validation, end) if given.validation else None,
        outputs=len(names) or 1,
        standardize=scaled,
        indicators=indicators,
        class_names=names,
        notes=[_note(given, kind, scaled, task, standardize)],
        val_fraction=val_fraction or 0.2,
        limit=limit,
        label_noise=label_noise,
        class_weight=class_weight,
    )


def task_of(targets: NDArray[Any]) -> Supervised:
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
            f"data: y has {len(different)} different integers, which may be classes or quantities; give"
            " dataset.task=classification or dataset.task=regression"
        )
    return "regression"


def _given(name: str | None) -> Arrays:
    if name is None:
        raise UserError("dataset=arrays: arrays are handed over from Python: dropout_lab.sweep(data=(X, y))")
    try:
        found = handed_object(name)
    except LookupError as error:
        raise UserError(f"dataset.handed={name}: {error}") from None
    assert isinstance(found, Arrays)
    return found


def _note(
    given: Arrays, kind: Supervised, scaled: Standardize, task: Supervised | None, standardize: Standardize | None
) -> str:
    """What was decided about the data, and the keys that decide otherwise."""
    different = len(pd.unique(given.targets))
    if kind == "classification":
        read = f"y has {different} different values, taken as classes"
    else:
        read = f"y has {different} different numbers, taken as quantities"
    other = "regression" if kind == "classification" and given.targets.dtype.kind in "iuf" else ""
    ways = [f"dataset.task={other}"] if task is None and other else []
    how = "not standardized" if scaled == "none" else f"standardized by {scaled}, as the training part has them"
    ways += ["dataset.standardize=none"] if standardize is None and scaled != "none" else []
    change = f"; change that with {' and '.join(ways)}" if ways else ""
    return f"data: {read} ({kind}); inputs are {how}{change}"


def _scaling(inputs: NDArray[Any]) -> Standardize:
    if inputs.ndim == IMAGES:
        return "channel"
    return "feature" if inputs.ndim == 2 else "none"  # (examples, features)


def _inputs(inputs: NDArray[Any], scaled: Standardize, outside: NDArray[np.bool_]) -> tuple[Tensor, tuple[int, ...]]:
    """The inputs, and the features that are 0 or 1, which stay as they are, as those of a table do."""
    if inputs.ndim != 2 or scaled != "feature":
        return torch.from_numpy(inputs.astype(np.float32)), ()
    binary = [bool(np.isin(column, (0, 1)).all()) for column in inputs[outside].T]
    columns = [
        column if is_binary else centred(column.astype(float), outside)
        for column, is_binary in zip(inputs.T, binary, strict=True)
    ]
    stacked = np.stack(columns, 1).astype(np.float32)
    return torch.from_numpy(stacked), tuple(int(place) for place in np.flatnonzero(binary))


def _classes(targets: NDArray[Any]) -> tuple[Tensor, list[str]]:
    """(n,) int64 classes from 0, and their names. Raises UserError for values that are no classes."""
    codes, found = pd.factorize(targets, sort=True)
    if len(found) < 2:
        raise UserError(f"data: every y is the same, {found[0]}; there must be two classes at least")
    if len(found) > max(MOSTLY * len(targets), 2):
        raise UserError(
            f"data: y has {len(found)} different values in {len(targets)} examples, which are no classes; for numbers"
            " give dataset.task=regression"
        )
    return torch.from_numpy(codes.astype(np.int64)), [str(name) for name in found]


def _check_classes(codes: Tensor, names: list[str], validation: int, test: int) -> None:
    """Raises UserError for a class that no example to train on has. The parts begin at these rows."""
    known = set(codes[:validation].tolist())
    for part, rows in (("validation", codes[validation:test]), ("test", codes[test:])):
        if strange := sorted(set(rows.tolist()) - known):
            raise UserError(f"data: the {part} part has the class {names[strange[0]]}, which no training example has")


def _numbers(targets: NDArray[Any], outside: NDArray[np.bool_]) -> Tensor:
    """(n,) float32, less a constant. Raises UserError for words, for numbers too large, and if all are the same."""
    if targets.dtype.kind not in "iuf":
        raise UserError(f"dataset.task=regression: y has the type {targets.dtype}; must be numbers")
    exact = targets.astype(float)
    if bool((np.abs(exact) > LARGEST).any()):
        raise UserError(f"data: y must be from -{LARGEST:g} to {LARGEST:g}, for numbers are kept in float32")
    if bool((exact[outside] == exact[outside][0]).all()):
        raise UserError(f"data: every y to train on is the same, {targets[outside][0]}; for a regression they differ")
    return torch.from_numpy(centred(exact, outside)).float()
