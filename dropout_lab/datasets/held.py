"""Data as people hold them, read into arrays: arrays, tensors, frames, lists, map-style Datasets, by place or name."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch.utils.data import DataLoader, Dataset, Subset

from dropout_lab.core.errors import UserError
from dropout_lab.datasets import map_style
from dropout_lab.datasets.array_names import named_pairs
from dropout_lab.datasets.array_values import Held, Pair, as_array, checked
from dropout_lab.datasets.arrays_given import Arrays
from dropout_lab.datasets.parts import Parts

PARTS = {1: [""], 2: ["_train", "_test"], 3: ["_train", "_val", "_test"]}
"""The names of the parts, by their number, in the order in which they are given."""
ALLOWED = (
    "must be (X, y), (X_train, y_train, X_test, y_test), (X_train, y_train, X_val, y_val, X_test, y_test), a mapping of"
    " such names, a map-style torch.utils.data.Dataset, or a pair (train, test) or triple (train, validation, test) of"
    " these"
)


def arrays_of(
    data: Any,
    where: str = "data",
    *,
    name: str = "arrays from Python",
    inputs: str | None = None,
    targets: str | None = None,
) -> Arrays:
    """The examples of what somebody holds. `where`: what messages call it; `inputs` and `targets`: the names of the
    arrays in a mapping, if they are not the usual ones.

    Raises UserError for what is no data, naming the part and what is wrong.
    """
    if isinstance(data, Mapping):
        parts, pairs, notes = named_pairs(data, where, inputs, targets)
        held = [tuple(Held(data[key], f"{where}: {key}") for key in pair) for pair in pairs]
        return _joined(name, where, [_pair(x, y) for x, y in held], parts, notes)
    given = [data] if isinstance(data, Dataset | DataLoader) else data
    if not isinstance(given, tuple | list) or not len(given):
        raise UserError(f"{where}: {ALLOWED}; it is a {type(data).__name__}")
    if any(isinstance(part, Dataset | DataLoader) for part in given):
        parts = PARTS.get(len(given), [])
        if not parts:
            raise UserError(f"{where}: {ALLOWED}; it is {len(given)} Datasets")
        read = [
            (map_style.read(one, f"{where}{part}"), f"{where}: X{part}", f"{where}: y{part}")
            for one, part in zip(given, parts, strict=True)
        ]
        return _joined(_name(given[0]), where, read, parts, [])
    parts = PARTS.get(len(given) // 2, [])
    if len(given) % 2 or not parts:
        raise UserError(f"{where}: {ALLOWED}; it is {len(given)} arrays")
    values = [
        _pair(Held(x, f"{where}: X{part}"), Held(y, f"{where}: y{part}"))
        for x, y, part in zip(given[::2], given[1::2], parts, strict=True)
    ]
    return _joined(name, where, values, parts, [])


Read = tuple[Pair, str, str]
"""A pair, and what messages call its inputs and its targets."""


def _pair(x: Held, y: Held) -> Read:
    return (as_array(x), as_array(y)), x.name, y.name


def _name(dataset: Any) -> str:
    return _name(dataset.dataset) if isinstance(dataset, Subset) else type(dataset).__name__


def _joined(name: str, where: str, read: Sequence[Read], parts: Sequence[str], notes: Sequence[str]) -> Arrays:
    """The parts in one. Raises UserError for parts that are not alike."""
    found = [checked(*pair, x, y) for pair, x, y in read]
    pairs = [pair for pair, _ in found]
    first_x, first_y = pairs[0]
    for (x, y), (_, called_x, called_y) in zip(pairs[1:], read[1:], strict=True):
        if x.shape[1:] != first_x.shape[1:]:
            raise UserError(
                f"{called_x} has examples of the shape {x.shape[1:]}, and {read[0][1]} of {first_x.shape[1:]}"
            )
        if y.shape[1:] != first_y.shape[1:]:
            raise UserError(f"{called_y} has the shape {y.shape}, and {read[0][2]} {first_y.shape}; must be alike")
        if (y.dtype.kind == "U") != (first_y.dtype.kind == "U"):
            raise UserError(f"{called_y} has the type {y.dtype}, and {read[0][2]} {first_y.dtype}")
    sizes = {part: len(y) for (_, y), part in zip(pairs, parts, strict=True)}
    training = sizes.get("_train", sizes.get("", 0))
    return Arrays(
        name=name,
        where=where,
        inputs=np.concatenate([x for x, _ in pairs]),
        targets=np.concatenate([y for _, y in pairs]),
        parts=Parts(training, sizes.get("_val", 0), sizes.get("_test", 0)),
        notes=[*notes, *dict.fromkeys(note for _, of_pair in found for note in of_pair)],
    )
