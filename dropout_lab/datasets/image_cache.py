"""Decoded images in the user's cache, so that a second start and other processes do not decode them again."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from platformdirs import user_cache_path
from torch import Tensor

from dropout_lab.datasets.image_decoding import Decoded, decode
from dropout_lab.datasets.image_pixels import DECODING, Reading


def decoded(files: Sequence[bytes], names: Sequence[str]) -> Decoded:
    """The images of these contents, kept under a hash of them. Raises UserError as `decode` does."""
    return _kept(_digest(files), lambda: decode(files, names, Reading(), skip=False, advice=""))


def decoded_files(files: Sequence[Path], names: Sequence[str], reading: Reading, *, skip: bool, advice: str) -> Decoded:
    """The images of these files, kept under their places, sizes and times. Raises UserError as `decode` does.

    A file that is written anew has another time of change, which no program can set back, as it can the time of
    modification.
    """
    said = [json.dumps([asdict(reading), skip]).encode(), *map(_state, files)]
    return _kept(_digest(said), lambda: decode(files, names, reading, skip=skip, advice=advice))


def as_inputs(decoded: Decoded) -> Tensor:
    """(n, channel, height, width) float32 in [0, 1]."""
    return torch.from_numpy(decoded.images).float().div_(255)


def _state(file: Path) -> bytes:
    try:
        state = file.stat()
    except OSError:  # such as a link that leads nowhere, which the decoding names
        return f"{file.absolute()}\0".encode(errors="surrogateescape")
    numbers = (state.st_size, state.st_mtime_ns, state.st_ctime_ns)
    return f"{file.absolute()}\0{numbers}".encode(errors="surrogateescape")


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.blake2b(DECODING.encode(), digest_size=20)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def _kept(name: str, decode: Callable[[], Decoded]) -> Decoded:
    """What the cache has under a name; else what `decode` makes, which is kept there.

    Each file is written whole or not at all, the pixels first, so that several processes may do it at once.
    """
    folder = user_cache_path("dropout-lab") / "images"
    if (found := _read(folder, name)) is not None:
        return found
    made = decode()
    with suppress(OSError):  # a cache that cannot be written is no reason to stop
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / f"{name}.npy", lambda file: np.save(file, made.images))
        rest = {"shape": made.images.shape, "rows": made.rows, "facts": made.facts, "unreadable": made.unreadable}
        _write(folder / f"{name}.json", lambda file: file.write(json.dumps(rest).encode()))
    return made


def _read(folder: Path, name: str) -> Decoded | None:
    """None if there is nothing, or it is damaged. The pixels are mapped into memory: processes share them."""
    try:
        rest = json.loads((folder / f"{name}.json").read_text())
        images = np.load(folder / f"{name}.npy", mmap_mode="c")
        if images.dtype != np.uint8 or list(images.shape) != rest["shape"]:
            return None
        facts = {fact: (count, first) for fact, (count, first) in rest["facts"].items()}
        return Decoded(images, rest["rows"], facts, [(row, why) for row, why in rest["unreadable"]])
    except (OSError, ValueError, EOFError, KeyError, TypeError):
        return None


def _write(path: Path, write: Callable[[BinaryIO], object]) -> None:
    descriptor, unfinished = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())  # a crash of the machine must not leave the name without the data
        os.replace(unfinished, path)
    except OSError:
        os.unlink(unfinished)
        raise
