"""Arrays of a file: NumPy's .npz and .npy, torch's .pt, safetensors. Reading one runs no code of the file."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dropout_lab.core.errors import UserError
from dropout_lab.core.tensor_files import PICKLED, SAFE, unpacked
from dropout_lab.datasets.arrays_given import Arrays
from dropout_lab.datasets.held import arrays_of

ENDINGS = (".npz", ".npy", *PICKLED, SAFE)
LAST = "last"
"""`dataset.targets=last`: the last column of the one array."""
TABLES = (".csv", ".tsv", ".parquet")


def read_arrays(path: str, inputs: str | None, targets: str | None) -> Arrays:
    """The examples of a file. `inputs` and `targets` are names of arrays in it; beside a single array, `targets` is a
    second file, or LAST. Raises UserError for what is no such file, or whose names do not say what is what."""
    file = Path(path)
    _require_file(file, path, "path")
    held = _read(file)
    if isinstance(held, np.ndarray | torch.Tensor):
        if inputs is not None:
            raise UserError(f"dataset.inputs={inputs}: {path} has one array without a name; leave it out")
        held = _with_targets(held, path, targets)
        inputs = targets = None
    elif targets == LAST:
        raise UserError(f"dataset.targets={LAST}: {path} has several arrays; give the name of one")
    return arrays_of(held, str(path), name=file.stem, inputs=inputs, targets=targets)


def _require_file(file: Path, path: str, key: str) -> None:
    if file.is_dir():
        raise UserError(f"dataset.{key}={path}: is a folder; must be a file (a folder of images: dataset=images)")
    if not file.is_file():
        raise UserError(f"dataset.{key}={path}: there is no such file")
    ending = file.suffix.lower()
    if ending not in ENDINGS:
        other = " (a table is read with dataset=table)" if ending in TABLES else ""
        raise UserError(
            f"dataset.{key}={path}: must end with {', '.join(ENDINGS)}{other}; arrays are saved by"
            " numpy.savez('data.npz', X=X, y=y)"
        )


def _read(file: Path) -> Any:
    """An array, or arrays by name or in a tuple."""
    ending = file.suffix.lower()
    if ending == SAFE:
        return unpacked(file.read_bytes(), str(file))
    if ending in PICKLED:
        return _unpickled(file)
    try:
        with file.open("rb") as opened:  # NumPy leaves the file of a damaged archive open
            found = np.load(opened, allow_pickle=False)
            if isinstance(found, np.ndarray):
                return found
            return {name: _of_archive(found, name, file) for name in found.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{file}: cannot be read as NumPy's {ending}: {_why(error)}") from error


def _of_archive(archive: Any, name: str, file: Path) -> Any:
    try:
        return archive[name]
    except ValueError as error:
        raise UserError(f"{file}: the array {name} cannot be read: {_why(error)}") from error


def _why(error: Exception) -> str:
    if "allow_pickle" not in str(error):
        return str(error)
    return (
        "it holds Python objects, and loading these can run code. Save numbers or words: X.astype('float32'),"
        " y.astype(str)"
    )


def _unpickled(file: Path) -> Any:
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a file that torch did not write, or of other objects, raises anything
        raise UserError(
            f"{file}: torch.load(weights_only=True) refuses it ({type(error).__name__}). It must hold tensors alone,"
            " for loading other objects can run code: torch.save({'X': X, 'y': y}, 'data.pt')"
        ) from error


def _with_targets(array: Any, path: str, targets: str | None) -> Any:
    shape = tuple(array.shape)
    if targets is None:
        raise UserError(
            f"{path}: is one array of the shape {shape}; give its targets: dataset.targets=y.npy, a second file, or"
            f" dataset.targets={LAST}, its last column"
        )
    if targets == LAST:
        if len(shape) != 2 or shape[1] < 2:
            raise UserError(f"dataset.targets={LAST}: {path} has the shape {shape}; must be (examples, columns)")
        return array[:, :-1], array[:, -1]
    _require_file(Path(targets), targets, "targets")
    other = _read(Path(targets))
    if not isinstance(other, np.ndarray | torch.Tensor):
        raise UserError(f"dataset.targets={targets}: has several arrays; must be one")
    return array, other
