"""The networks of runs, one file each: `weights/<run>.safetensors`, the network of the run's best epoch."""

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from dropout_lab.core.errors import reading, writing
from dropout_lab.records.folder import WEIGHTS

SUFFIX = ".safetensors"


def write(folder: Path, run: str, content: bytes) -> None:
    """Write a run's file: whole or not at all, and on the disk before its record. Raises UserError if it cannot be."""
    put(path_of(folder, run), content)


def put(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all; its folder is made. Raises UserError if it cannot be written."""
    unfinished = path.with_name(f".{path.name}.tmp")
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, path)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def read(folder: Path, run: str) -> bytes | None:
    """The content of a run's file; None if there is none. Raises UserError if it cannot be read."""
    path = path_of(folder, run)
    if not path.exists():
        return None
    with reading(path):
        return path.read_bytes()


def runs(folder: Path) -> frozenset[str]:
    """The runs that have a file."""
    return frozenset(path.name.removesuffix(SUFFIX) for path in (folder / WEIGHTS).glob(f"*{SUFFIX}"))


def remove(folder: Path, these: Collection[str]) -> None:
    """Remove the files of runs; those that are gone already do not matter, as another worker may remove them too."""
    for run in these:
        path = path_of(folder, run)
        with writing(path):
            path.unlink(missing_ok=True)


def remove_unfinished(folder: Path) -> None:
    """Remove what an interruption left of files that were being written. No worker may be at work in the folder."""
    for path in (folder / WEIGHTS).glob(".*.tmp"):
        with writing(path):
            path.unlink(missing_ok=True)


def path_of(folder: Path, run: str) -> Path:
    """Where a run's file is, if there is one."""
    return folder / WEIGHTS / f"{run}{SUFFIX}"
