"""The report again and again, while a sweep runs."""

import time
from collections.abc import Callable, Generator
from pathlib import Path

from filelock import FileLock, Timeout

from dropout_lab.records.fields import FIELDS
from dropout_lab.records.folder import files, lock_file
from dropout_lab.report import Report

LEAST_SECONDS = 5.0
"""Between two reports, and between two loadings of the page while it is watched."""

SHARE = 4.0
"""So many times as long as a report took, the sweep is left alone before the next."""

LOOK_SECONDS = 0.5

Make = Callable[[Path, float | None], Report]
"""Makes the report of a folder; the page loads itself again after so many seconds, None: never."""


def watch(folder: Path, make: Make) -> Generator[Report]:
    """Yields the report now, and whenever the records have grown, until no sweep trains into the folder any more.

    The last one is of all records, and its page does not load itself again; nor does it after an interruption.
    """
    made: dict[Path, int] | None = None
    again: float | None = None
    try:
        while True:
            is_running = runs(folder)  # before the records are looked at: then none is missed at the end
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
    """The records' files and how long each is."""
    return {path: path.stat().st_size for kind in FIELDS for path in files(folder, kind)}


def runs(folder: Path) -> bool:
    """Whether a sweep is at work in the folder: it holds a lock, however it ends no longer."""
    path = lock_file(folder, "sweep")
    if not path.exists():
        return False
    try:
        with FileLock(path).acquire(timeout=0):
            return False
    except Timeout:
        return True


def refreshing(page: str, seconds: float | None) -> str:
    """The page, told to load itself again."""
    if seconds is None:
        return page
    return page.replace("<head>\n", f'<head>\n<meta http-equiv="refresh" content="{seconds:g}">\n', 1)
