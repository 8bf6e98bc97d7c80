"""Data as people hold them in Python, read into arrays: arrays, tensors, frames, lists, map-style Datasets."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.arrays import Arrays
from dropout_lab.datasets.columns import LARGEST

Pair = tuple[NDArray[Any], NDArray[Any]]
"""Inputs (n, ...) and targets (n,)."""

PARTS = {1: [""], 2: ["_train", "_test"], 3: ["_train", "_val", "_test"]}
"""The names of the parts, by their number, in the order in which they are given."""
ALLOWED = (
    "data: must be (X, y), (X_train, y_train, X_test, y_test), (X_train, y_train, X_val, y_val, X_test, y_test), a"
    " map-style torch.utils.data.Dataset, or a pair (train, test) or triple (train, validation, test) of these"
)
TWICE = 3
"""Examples of a Dataset that are read twice, to see whether they stay the same."""


def arrays_of(data: Any) -> Arrays:
    """The examples of the argument `data`. Raises UserError for what is no data, naming the part and what is wrong."""
    given = [data] if isinstance(data, Dataset | DataLoader) else data
    if not isinstance(given, tuple | list) or not len(given):
        raise UserError(f"{ALLOWED}; it is a {type(data).__name__}")
    if any(isinstance(part, Dataset | DataLoader) for part in given):
        names = PARTS.get(len(given), [])
        if not names:
            raise UserError(f"{ALLOWED}; it is {len(given)} Datasets")
        pairs = [_read(part, f"data{name}") for part, name in zip(given, names, strict=True)]
        name = _name(given[0])
    else:
        names = PARTS.get(len(given) // 2, [])
        if len(given) % 2 or not names:
            raise UserError(f"{ALLOWED}; it is {len(given)} arrays")
        flat = [_array(value, f"data: {letter}{part}") for value, letter, part in _labelled(given, names)]
        pairs, name = list(zip(flat[::2], flat[1::2], strict=True)), "arrays from Python"
    checked = [_checked(x, y, part) for (x, y), part in zip(pairs, names, strict=True)]
    return _joined(name, checked, names)


def _labelled(given: Sequence[Any], names: Sequence[str]) -> list[tuple[Any, str, str]]:
    return [(value, "Xy"[place % 2], names[place // 2]) for place, value in enumerate(given)]


def _name(dataset: Any) -> str:
    return _name(dataset.dataset) if isinstance(dataset, Subset) else type(dataset).__name__


def _array(value: Any, where: str) -> NDArray[Any]:
    """A tensor, frame, series, array or list as an array. Raises UserError for what is none."""
    if isinstance(value, torch.Tensor):
        tensor = value.detach().cpu()
        return (tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor).numpy()
    if isinstance(value, pd.DataFrame):
        for column, kind in value.dtypes.items():
            if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind)):
                raise UserError(
                    f"{where}: column {column} has the type {kind}; must be numbers. Encode it, or save the frame and"
                    " take dataset=table, which does"
                )
        return value.to_numpy(dtype=float, na_value=np.nan)
    if isinstance(value, pd.Series | pd.Index):
        return _of_series(pd.Series(value), where)
    if not isinstance(value, np.ndarray | list | tuple):
        raise UserError(f"{where} is a {type(value).__name__}; must be an array, a tensor, a frame or a list")
    try:
        return np.asarray(value)
    except ValueError as error:
        raise UserError(f"{where}: its rows have different lengths: {error}") from error


def _of_series(series: "pd.Series[Any]", where: str) -> NDArray[Any]:
    """Numbers, truth values, or words: those of categories, too."""
    if series.isna().any():
        raise UserError(f"{where}: value {int(series.isna().argmax())} is missing; leave such examples out")
    kind = series.dtype
    if pd.api.types.is_bool_dtype(kind):
        return series.to_numpy(dtype=bool)
    if pd.api.types.is_numeric_dtype(kind):
        return series.to_numpy(dtype=np.int64 if pd.api.types.is_integer_dtype(kind) else float)
    if isinstance(kind, pd.CategoricalDtype):
        return _of_series(series.astype(kind.categories.dtype), where)
    return series.to_numpy(dtype=object)


def _read(dataset: Any, where: str) -> Pair:
    """The examples of a map-style Dataset, read once. Raises UserError for another one, and for random examples."""
    if isinstance(dataset, DataLoader):
        raise UserError(f"{where} is a DataLoader; give its Dataset, loader.dataset: batches are made here")
    if not isinstance(dataset, Dataset):
        raise UserError(f"{where} is a {type(dataset).__name__} beside a Dataset; must be all Datasets or all arrays")
    if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__len__"):
        raise UserError(f"{where} is an IterableDataset, or has no length; must be map-style, with len() and [index]")
    examples = [_example(dataset, place, where) for place in range(len(dataset))]
    if not examples:
        raise UserError(f"{where} has no examples")
    for place, before in enumerate(examples[:TWICE]):
        if not all(np.array_equal(a, b) for a, b in zip(before, _example(dataset, place, where), strict=True)):
            raise UserError(
                f"{where}[{place}] is another one each time it is read, by a random transform; examples are read once,"
                " so leave that out: trainer.shift, trainer.crop, trainer.rotate and others augment anew in every epoch"
            )
    shapes = {x.shape for x, _ in examples}
    if len(shapes) > 1:
        raise UserError(f"{where}: its examples have different shapes, {' and '.join(map(str, sorted(shapes)[:2]))}")
    return np.stack([x for x, _ in examples]), np.array([y for _, y in examples])


def _example(dataset: Any, place: int, where: str) -> Pair:
    item = dataset[place]
    if not isinstance(item, tuple | list) or len(item) != 2:
        raise UserError(f"{where}[{place}] is a {type(item).__name__}; must be a pair (input, target)")
    x, y = item
    if not isinstance(x, torch.Tensor | np.ndarray | list | tuple):
        raise UserError(
            f"{where}[{place}]: its input is a {type(x).__name__}; must be a tensor or an array, of an image by"
            " transform=ToTensor()"
        )
    target = np.asarray(y.detach().cpu() if isinstance(y, torch.Tensor) else y)
    if target.size != 1:
        raise UserError(f"{where}[{place}]: its target has the shape {target.shape}; must be one class or number")
    return _array(x, f"{where}[{place}]"), target.reshape(())


def _checked(inputs: NDArray[Any], targets: NDArray[Any], part: str) -> Pair:
    """A part that can be learned from. Raises UserError for one that cannot."""
    x, y = f"data: X{part}", f"data: y{part}"
    if inputs.dtype.kind not in "biuf":
        raise UserError(f"{x} has the type {inputs.dtype}; must be numbers, such as float32")
    if inputs.ndim < 2:
        raise UserError(f"{x} has the shape {inputs.shape}; must be (examples, features) or (examples, channels, ...)")
    if targets.dtype.kind == "O" and all(isinstance(word, str) for word in targets.flat):
        targets = targets.astype(str)
    if targets.dtype.kind not in "biufU":
        raise UserError(f"{y} has the type {targets.dtype}; must be numbers, truth values or words")
    if targets.ndim != 1:
        instead = f"y{part}.reshape(-1)" if targets.ndim == 2 and targets.shape[1] == 1 else f"y{part}.argmax(1)"
        raise UserError(f"{y} has the shape {targets.shape}; must be one class or number an example; {instead}?")
    if len(inputs) != len(targets) or not len(inputs):
        raise UserError(f"{x} has {len(inputs)} examples and y{part} {len(targets)}; must be as many, and not none")
    for name, array in ((x, inputs), (y, targets)):
        if array.dtype.kind == "f" and not float(np.abs(array).max()) <= LARGEST:  # as it is of NaN, too
            raise UserError(f"{name} has values that are NaN, infinite or beyond {LARGEST:g}; must be finite numbers")
    return inputs, targets


def _joined(name: str, pairs: Sequence[Pair], parts: Sequence[str]) -> Arrays:
    """The parts in one. Raises UserError for parts that are not alike."""
    (first_x, first_y), *others = pairs
    for (x, y), part in zip(others, parts[1:], strict=True):
        if x.shape[1:] != first_x.shape[1:]:
            raise UserError(
                f"data: X{part} has examples of the shape {x.shape[1:]}, and X{parts[0]} of {first_x.shape[1:]}"
            )
        if (y.dtype.kind == "U") != (first_y.dtype.kind == "U"):
            raise UserError(f"data: y{part} has the type {y.dtype}, and y{parts[0]} {first_y.dtype}")
    sizes = [len(y) for _, y in pairs]
    return Arrays(
        name=name,
        inputs=np.concatenate([x for x, _ in pairs]),
        targets=np.concatenate([y for _, y in pairs]),
        validation=sizes[1] if len(sizes) == 3 else 0,
        test=sizes[-1] if len(sizes) > 1 else 0,
    )
