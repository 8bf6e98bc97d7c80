"""Repeated reports while a sweep runs."""

import time
from collections.abc import Callable, Generator
from pathlib import Path

from filelock import FileLock, Timeout

from dropout_lab.records.fields import FIELDS
from dropout_lab.records.folder import files, lock_file
from dropout_lab.report.result import Report

LEAST_SECONDS = 5.0
"""The least time between two reports, and between two reloads of a watched page."""

SHARE = 4.0
"""The pause before the next report, as a multiple of the time that the last one took."""

LOOK_SECONDS = 0.5

Make = Callable[[Path, float | None], Report]
"""Makes the report of a folder; its page reloads itself after this many seconds, or never (None)."""


def watch(folder: Path, make: Make) -> Generator[Report]:
    """Yield the report now, and whenever the records have grown, until no sweep trains into the folder any more.

    The last report has all records, and its page does not reload itself; nor does it after an interruption.
    """
    made: dict[Path, int] | None = None
    again: float | None = None
    try:
        while True:
            is_running = runs(folder)  # asked before reading the sizes, so that no record is missed at the end
            grown = sizes(folder)
            if grown != made or (not is_running and again is not None):
                started = time.monotonic()
                again = LEAST_SECONDS if is_running else None
                yield make(folder, again)
                made, took = grown, time.monotonic() - started
                wait = max(LEAST_SECONDS, SHARE * took) if is_running else 0.0
                until = time.monotonic() + wait
            while is_running and (time.monotonic() < until or sizes(folder) == made) and runs(folder):
                time.sleep(LOOK_SECONDS)
            if not is_running:
                return
    finally:
        if again is not None:
            make(folder, None)


def sizes(folder: Path) -> dict[Path, int]:
    """The sizes of the record files, in bytes."""
    return {path: path.stat().st_size for kind in FIELDS for path in files(folder, kind)}


def runs(folder: Path) -> bool:
    """Whether a sweep is running in the folder: it holds the lock, which the operating system releases on exit."""
    path = lock_file(folder, "sweep")
    if not path.exists():
        return False
    try:
        with FileLock(path).acquire(timeout=0):
            return False
    except Timeout:
        return True
