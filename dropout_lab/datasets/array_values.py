"""Tensors, frames, series and lists as NumPy arrays, and the checks of a part: inputs beside targets."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.columns import LARGEST

Pair = tuple[NDArray[Any], NDArray[Any]]
"""Inputs (n, ...) and targets (n,), or (n, k) of several or one-hot."""


@dataclass(frozen=True)
class Held:
    """A value that should be an array, and what messages call it: `data: X_train`."""

    value: Any
    name: str


def as_array(held: Held) -> NDArray[Any]:
    """A tensor, frame, series, array or list as an array. Raises UserError for what is none."""
    value, where = held.value, held.name
    if isinstance(value, torch.Tensor):
        return _of_tensor(value, where)
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
    if hasattr(value, "toarray"):  # SciPy's sparse arrays and matrices
        raise UserError(f"{where} is a sparse {type(value).__name__}; must be dense: .toarray()")
    if not isinstance(value, np.ndarray | list | tuple):
        raise UserError(f"{where} is a {type(value).__name__}; must be an array, a tensor, a frame or a list")
    try:
        return np.asarray(value)
    except ValueError as error:
        raise UserError(f"{where}: its rows have different lengths: {error}") from error


def _of_tensor(value: torch.Tensor, where: str) -> NDArray[Any]:
    if value.layout is not torch.strided or value.is_quantized:
        raise UserError(f"{where} is a sparse or quantized tensor; must be dense: .to_dense() or .dequantize()")
    tensor = value.detach().cpu()
    found: NDArray[Any] = (tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor).numpy()
    return found


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


def checked(inputs: NDArray[Any], targets: NDArray[Any], x: str, y: str) -> tuple[Pair, list[str]]:
    """A part that can be learned from, and what was made of its targets. Raises UserError for one that cannot."""
    if inputs.dtype.kind not in "biuf":
        raise UserError(f"{x} has the type {inputs.dtype}; must be numbers, such as float32")
    if inputs.ndim < 2:
        raise UserError(
            f"{x} has the shape {inputs.shape}; must be (examples, features) or (examples, channels, ...): of one"
            " feature, .reshape(-1, 1)"
        )
    if targets.dtype.kind == "S":
        targets = np.char.decode(targets, "utf-8")
    if targets.dtype.kind == "O" and all(isinstance(word, str) for word in targets.flat):
        targets = targets.astype(str)
    if targets.dtype.kind not in "biufU":
        raise UserError(f"{y} has the type {targets.dtype}; must be numbers, truth values or words")
    flat, notes = _flat(targets, y)
    if len(inputs) != len(flat) or not len(inputs):
        raise UserError(
            f"{x} has {len(inputs)} examples and {y.rpartition(': ')[2]} {len(flat)}; must be as many, and not none"
        )
    _require_finite(inputs, x)
    _require_finite(flat, y)
    return (inputs, flat), notes


def _flat(targets: NDArray[Any], y: str) -> tuple[NDArray[Any], list[str]]:
    """(n,) targets, also of a column; (n, k) numbers as they are."""
    if targets.ndim == 1:
        return targets, []
    if targets.ndim == 2 and targets.shape[1] == 1:
        return targets[:, 0], [f"{y} has the shape {targets.shape}, and is taken as {len(targets)} values"]
    if targets.ndim == 2 and targets.shape[1] > 1 and targets.dtype.kind in "biuf":
        return targets, []
    raise UserError(
        f"{y} has the shape {targets.shape} and the type {targets.dtype}; must be one class or number an example:"
        " (examples,), or numbers of the shape (examples, outputs): several outputs, labels of 0 and 1, or one-hot"
    )


def _require_finite(array: NDArray[Any], name: str) -> None:
    """Raises UserError for numbers that are NaN, infinite or too large, with how many and the first example."""
    if array.dtype.kind != "f" or float(np.abs(array).max()) <= LARGEST:  # false of NaN, too
        return
    missing = np.isnan(array)
    wrong = missing if missing.any() else ~(np.abs(array) <= LARGEST)
    what = "are NaN" if missing.any() else f"are infinite or beyond {LARGEST:g}"
    row = int(np.argmax(wrong.reshape(len(array), -1).any(1)))
    raise UserError(
        f"{name}: {int(wrong.sum())} values {what}, the first in example {row}; must be finite numbers: leave such"
        " examples out, or fill in what is missing (a CSV or Parquet file, dataset=table, has missing numbers filled in"
        " and marked)"
    )
