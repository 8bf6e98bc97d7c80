"""The memory of a sweep, read: append-only files of JSON lines, which a crash can shorten but not corrupt.

A record is one line, written by one system call. A line without its newline is the torn end of an interrupted write,
and only the last line of a file can be torn. Each worker appends to its own files; sessions.jsonl and trials.jsonl are
written by one process at a time, under the sweep's locks. Curves, and what was learned, may hold rows of trainings that
never finished: a row counts if the run of its `id` has a record.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dropout_lab.core.errors import UserError, reading
from dropout_lab.records.checks import check_numbers, checked, parsed
from dropout_lab.records.fields import FIELDS, Record
from dropout_lab.records.folder import FORMAT, SESSIONS, TRIALS, files, is_sweep


@dataclass(frozen=True)
class Records:
    """All records of a sweep folder, in the order in which they were written, file by file."""

    sessions: Sequence[Record]
    trials: Sequence[Record]
    cohorts: Sequence[Record]
    runs: Sequence[Record]
    curves: Sequence[Record]
    learned: Sequence[Record] = ()
    lanes: Sequence[Record] = ()
    torn: Sequence[str] = field(default=())
    """A sentence for each torn last line, which is left out, and one if the records of the commands are lost."""


NONE = Records([], [], [], [], [])


def read(folder: Path, without: Collection[str] = ()) -> Records:
    """Every record of a sweep folder but of the kinds `without`; torn last lines are left out and listed.

    Raises UserError if the folder is no sweep, is of a newer format, or cannot be read; and, naming file and line, if a
    record is damaged.
    """
    with reading(folder):
        if not folder.is_dir():
            raise UserError(f"{folder}: there is no such folder")
    if not is_sweep(folder):
        raise UserError(f"{folder} is no sweep folder: it has no {SESSIONS}, which every sweep writes first")
    torn: list[str] = []
    _check_format(folder)
    kinds = {
        kind: [
            record
            for path in files(folder, kind)
            if kind not in without
            for record in checked(path, kind, whole_lines(path, torn).split(b"\n")[:-1])
        ]
        for kind in FIELDS
    }
    check_numbers(folder / TRIALS, kinds["trials"])
    if kinds["trials"] and not kinds["sessions"]:
        torn.append(f"{folder / SESSIONS}: the records of the commands are lost, and with them what they asked for")
    return Records(**kinds, torn=torn)


def whole_lines(path: Path, torn: list[str]) -> bytes:
    """The file up to its last newline; if there is more, `torn` gets a sentence on it."""
    with reading(path):
        content = path.read_bytes()
    end = content.rfind(b"\n") + 1
    if end < len(content):
        torn.append(f"{path}: the last record was torn by an interruption and is left out")
        return content[:end]
    return content


def _check_format(folder: Path) -> None:
    """Raises UserError for records of a newer format, before anything else in them is looked at."""
    for line in whole_lines(folder / SESSIONS, []).split(b"\n")[:-1]:
        try:
            found = parsed(line)["format"]
        except (ValueError, TypeError, KeyError):  # an older record, or a damaged one, which is refused later
            continue
        if type(found) is int and found > FORMAT:
            raise UserError(
                f"{folder} has records of format {found}, and this version of dropout-lab reads formats up to {FORMAT}:"
                " use the version that wrote them, or a newer one"
            )
