"""Atomic writes: under another name first, then moved into place. Safe with concurrent writers."""

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from dropout_lab.core.errors import writing


def write(path: Path, content: bytes | str) -> None:
    """Write the file atomically; raises UserError if the folder cannot be written to."""
    with moved_into_place(path) as draft:
        draft.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def moved_into_place(path: Path) -> Generator[Path]:
    """Yield another name beside `path`; the file written there becomes `path` at the end.

    Raises UserError if the folder cannot be written to.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield draft
            os.replace(draft, path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
