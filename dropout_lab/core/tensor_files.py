"""Files of named tensors: state dicts that torch saved, and safetensors. Reading one runs no code of the file."""

import hashlib
import io
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dropout_lab.core.errors import UserError, reading

PICKLED = (".pt", ".pth")
SAFE = ".safetensors"
SUFFIXES = (*PICKLED, SAFE)
"""How the name of a file of weights ends."""

KEPT = 2
"""Files whose tensors stay in memory: every seed, and every check, begins with them."""

SHOWN = 3
"""Entries that a message names."""


def is_named_so(value: Any) -> bool:
    """Whether a value is the name of a file of weights."""
    return isinstance(value, str) and value.endswith(SUFFIXES)


def file_digest(path: str) -> str:
    """The SHA-256 of a file, in hexadecimal digits. Raises UserError if it cannot be read."""
    with reading(Path(path)):
        state = Path(path).stat()
        return _digest(path, state.st_mtime_ns, state.st_size, state.st_ino)


@lru_cache(16)
def _digest(path: str, *_: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read(path: str, sha256: str) -> Mapping[str, Tensor]:
    """The tensors of a file, by name, on the CPU.

    Raises UserError for a file that has another hash, or does not hold named tensors alone. Nothing in it is run:
    `torch.load(weights_only=True)`, and safetensors, which hold numbers alone.
    """
    if file_digest(path) != sha256:
        raise UserError(f"{path}: the file has changed: it is not the one that these runs begin from")
    return _read(path, sha256)


@lru_cache(KEPT)
def _read(path: str, sha256: str) -> Mapping[str, Tensor]:
    with reading(Path(path)):
        content = Path(path).read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise UserError(f"{path}: the file changes while it is read")
    held = unpacked(content, path) if path.endswith(SAFE) else _unpickled(content, path)
    _check(held, path)
    return dict(held)


def unpacked(content: bytes, where: str) -> dict[str, Tensor]:
    """The tensors of the content of a safetensors file. Raises UserError, naming `where`, if it is none."""
    import safetensors.torch  # with torch's own files, nobody waits for it

    try:
        return safetensors.torch.load(content)
    except safetensors.SafetensorError as error:
        raise UserError(f"{where}: is no safetensors file, or is damaged: {error}") from error


def packed(tensors: Mapping[str, Tensor], notes: Mapping[str, str]) -> bytes:
    """The content of a safetensors file with these tensors, and `notes` as its metadata.

    The format refuses tensors that share memory, as tied weights do. Each name gets a copy of its own: a network with
    ties finds every name that its `load_state_dict(strict=True)` expects, and copies of one tensor are equal.
    """
    import safetensors.torch

    own = {name: value.detach().cpu().clone(memory_format=torch.contiguous_format) for name, value in tensors.items()}
    return safetensors.torch.save(own, dict(notes))


def _unpickled(content: bytes, path: str) -> Any:
    try:
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # a file that torch did not write, or of other objects, raises anything
        raise UserError(
            f"{path}: torch.load(weights_only=True) refuses it ({type(error).__name__}). A file of weights holds"
            " tensors alone, for loading other objects can run code. Write it by torch.save(network.state_dict(), ...)"
        ) from error


def _check(held: Any, path: str) -> None:
    """Raises UserError unless it is a mapping of names to dense tensors without NaN."""
    if not isinstance(held, Mapping) or not held:
        raise UserError(f"{path}: holds a {type(held).__name__}; must be a state dict: tensors by name")
    others = [str(name) for name, value in held.items() if not (isinstance(name, str) and isinstance(value, Tensor))]
    if others:
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        raise UserError(
            f"{path}: is a checkpoint, not a state dict: {', '.join(others[:SHOWN])}{more} is no tensor. Save the state"
            f" dict alone: torch.save(torch.load({path!r})[...], ...)"
        )
    for name, value in held.items():
        if value.layout is not torch.strided or value.is_quantized:
            raise UserError(f"{path}: {name} is sparse or quantized; must be a dense tensor")
        if value.is_floating_point() and value.isnan().any():
            raise UserError(f"{path}: {name} has NaN: the training that it is from diverged")
