"""Repair of a sweep's folder after an interruption."""

from collections.abc import Sequence
from pathlib import Path

from dropout_lab.core.errors import reading, writing
from dropout_lab.records.checks import parsed
from dropout_lab.records.fields import FIELDS
from dropout_lab.records.folder import JOURNAL, files


def repair(folder: Path) -> Sequence[str]:
    """Cuts off torn last lines, so that the next record starts a new line; returns a sentence for each."""
    said = []
    for path in [*folder.glob(JOURNAL), *(path for kind in FIELDS for path in files(folder, kind))]:
        with reading(path):
            content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            with writing(path), path.open("r+b") as file:
                file.truncate(len(whole))
            said.append(f"{path}: the last record was torn by an interruption and has been removed")
    return said


def damage_of_journal(folder: Path) -> str | None:
    """Where Optuna's journal is damaged, other than by a torn end; None if each of its lines is a JSON object."""
    path = folder / JOURNAL
    with reading(path):
        *lines, _ = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        try:
            whole = isinstance(parsed(line), dict)
        except ValueError:
            whole = False
        if not whole:
            return f"is damaged in line {number}"
    return None
