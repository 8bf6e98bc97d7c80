"""What the targets of arrays are: classes, numbers, or several of an example."""

from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.arrays_given import Arrays
from dropout_lab.datasets.columns import LARGEST, MOSTLY, centred, outside_of
from dropout_lab.datasets.several import several_of_array
from dropout_lab.datasets.split import Labelled, Supervised
from dropout_lab.datasets.target import MOST_CLASSES, EncodedTarget

SHOWN = 10


def target_of(given: Arrays, task: Labelled | None, test_fraction: float) -> tuple[EncodedTarget, Tensor, str]:
    """The targets of the arrays, the rows of the test set, and how the targets were read, in a sentence.

    Raises UserError for targets that the task cannot have, and for a class that no training example has.
    """
    targets, where, parts = given.targets, given.where, given.parts
    if targets.ndim == 2 and task in (None, "classification") and _is_one_hot(targets):
        codes, names = _classes(targets.argmax(1), where)
        ways = "" if task else "; change that with dataset.task=multilabel or dataset.task=regression"
        read = (
            f"y has the shape {targets.shape} and one 1 in each row: it is taken as one-hot, {len(names)} classes{ways}"
        )
        return *_of_classes(given, codes, names, test_fraction), read
    if targets.ndim == 2:
        test = parts.test_rows(torch.zeros(len(targets)), "regression", test_fraction)
        found = several_of_array(targets, task, outside_of(len(targets), test), where)
        return found, test, _several_told(targets, found)
    if task == "multilabel":
        raise UserError(
            f"dataset.task=multilabel: {where}: y has one value for each example; must have the shape (examples,"
            " labels), of 0 and 1"
        )
    kind = task or task_of(targets, where)
    if kind == "classification":
        return *_of_classes(given, *_classes(targets, where), test_fraction), _told(targets, kind, task)
    test = parts.test_rows(torch.zeros(len(targets)), kind, test_fraction)
    numbers = _numbers(targets, outside_of(len(targets), test), where)
    return EncodedTarget(numbers, 1, kind, [], ()), test, _told(targets, kind, task)


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


def _of_classes(given: Arrays, codes: Tensor, names: list[str], test_fraction: float) -> tuple[EncodedTarget, Tensor]:
    given.parts.require_known(codes, names, given.where)
    test = given.parts.test_rows(codes, "classification", test_fraction, names)
    return EncodedTarget(codes, len(names), "classification", names, ()), test


def _is_one_hot(targets: NDArray[Any]) -> bool:
    return bool(np.isin(targets, (0, 1)).all() and (targets.sum(1) == 1).all())


def _told(targets: NDArray[Any], kind: Labelled, task: Labelled | None) -> str:
    different = pd.unique(targets)
    if kind == "regression":
        return f"y has {len(different)} different numbers, taken as quantities (regression)"
    named = f" ({', '.join(map(_name, sorted(different)))})" if len(different) <= SHOWN else ""
    asked = "; change that with dataset.task=regression" if task is None and targets.dtype.kind in "iuf" else ""
    return f"y has {len(different)} different values, taken as classes{named} (classification){asked}"


def _several_told(targets: NDArray[Any], found: EncodedTarget) -> str:
    what = "labels that an example has or has not" if found.task == "multilabel" else "outputs, each a number"
    return f"y has the shape {targets.shape}: it is taken as {found.outputs} {what} ({found.task})"


def _name(value: Any) -> str:
    """What a class is called: 1, also where the numbers are 1.0."""
    return str(int(value)) if isinstance(value, float | np.floating) and float(value).is_integer() else str(value)


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
