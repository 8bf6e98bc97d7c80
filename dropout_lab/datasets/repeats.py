"""Examples of different parts with the same inputs: what a network remembers there looks like what it has learned."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dropout_lab.datasets.dataset import Dataset

AT_ONCE = 1 << 22
"""Numbers that are hashed at once."""


def repeats(dataset: Dataset) -> list[str]:
    """Warnings, with counts and an example, of test examples whose inputs occur outside of the test set, and of the
    validation examples of seed 0 whose inputs occur in its training part. None for a text that is read on, nor for
    features with so few values that examples must repeat one another."""
    inputs = dataset.inputs.flatten(1)
    if dataset.is_stream or _must_repeat(inputs):
        return []
    hashes = _hashes(inputs)
    train, val = dataset.parts(0)
    place = dataset.place or (lambda row: f"example {row}")
    of_seed = "" if dataset.validation is not None else " of seed 0"
    said = [
        _said(
            inputs, hashes, place, dataset.test, torch.cat([train, val]), "test", "an example outside of the test set"
        ),
        _said(inputs, hashes, place, val, train, f"validation{of_seed}", "an example of its training part"),
    ]
    found = [sentence for sentence in said if sentence]
    if not found:
        return []
    key = " (dataset.group= keeps rows of one value of a column in one part)" if dataset.place else ""
    remedy = f"if these are copies, leave one of each in the data, or have all in one part{key}"
    return [f"{dataset.name}: {'; '.join(found)}; {remedy}"]


def _must_repeat(inputs: Tensor) -> bool:
    """Whether there are more examples than combinations of the features' values."""
    combinations = 1
    for feature in inputs.numpy().T:
        combinations *= len(np.unique(feature))
        if combinations >= len(inputs):
            return False
    return True


def _said(
    inputs: Tensor,
    hashes: NDArray[np.int64],
    place: Callable[[int], str],
    these: Tensor,
    others: Tensor,
    part: str,
    whose: str,
) -> str:
    known, first = np.unique(hashes[others.numpy()], return_index=True)
    at = np.searchsorted(known, hashes[these.numpy()]).clip(max=len(known) - 1)
    alike = np.flatnonzero(known[at] == hashes[these.numpy()])
    ours, theirs = these[torch.from_numpy(alike)], others[torch.from_numpy(first[at[alike]])]
    same = (_plain(inputs[ours]) == _plain(inputs[theirs])).all(1)
    if not same.any():
        return ""
    row = int(np.argmax(same))
    return (
        f"{int(same.sum()):,} of {len(these):,} examples of the {part} part have the same inputs as {whose},"
        f" for example {place(int(ours[row]))} and {place(int(theirs[row]))}"
    )


def _hashes(inputs: Tensor) -> NDArray[np.int64]:
    """(n,) of the inputs (n, numbers)."""
    found: list[int] = []
    for part in torch.split(inputs, max(1, AT_ONCE // inputs.shape[1])):
        content = _plain(part)
        width, whole = content.strides[0], content.tobytes()
        found += [hash(whole[start : start + width]) for start in range(0, len(whole), width)]
    return np.array(found, dtype=np.int64)


def _plain(inputs: Tensor) -> NDArray[Any]:
    """(n, numbers) integers that are equal where the inputs are, as -0 and 0 are, and two that are missing."""
    values = inputs.contiguous().numpy()
    return (values + np.float32(0)).view(np.int32) if values.dtype == np.float32 else values
