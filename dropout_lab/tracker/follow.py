"""A tracker that runs in its own process during a sweep."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from filelock import FileLock

from dropout_lab.core import interrupts
from dropout_lab.records.folder import lock_file
from dropout_lab.tracker.none import NoTracker
from dropout_lab.tracker.records import FinishedRuns, sweep_of
from dropout_lab.tracker.tracker import AbstractTracker

LOOK_SECONDS = 1.0
"""The time between two reads of the records."""

PATIENCE_SECONDS = 60.0
"""After training, a tracker that logs nothing for this long is given up."""

LEAVING_SECONDS = 3.0
"""The same after an interruption or an error, because the next command logs the rest."""


@contextmanager
def follow(tracker: AbstractTracker, folder: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Log the runs of a sweep folder as they finish, and wait for the last of them at the end.

    A tracker that raises or hangs causes one sentence to `say`, and no error. The next command for the folder logs the
    runs that are missing.
    """
    if isinstance(tracker, NoTracker):
        yield
        return
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("forkserver").Process(
        target=_work, args=(tracker, folder, theirs), daemon=True
    )
    with interrupts.held_back():  # Ctrl-C in a terminal reaches all processes; this one ends when its parent asks
        process.start()
    theirs.close()
    patience = LEAVING_SECONDS
    try:
        yield
        patience = PATIENCE_SECONDS
    finally:
        failure = _end(ours, patience)
        if process.is_alive():
            process.terminate()
        process.join()
        ours.close()
        if failure:
            say(
                f"tracker={tracker.extra}: not all runs are logged ({failure}); no result is lost, "
                "and the same command again logs the rest"
            )


def _end(pipe: Any, patience: float) -> str | None:
    """Wait for the end of the tracker; return the reason of a failure, or None."""
    with suppress(OSError):
        pipe.send("end")
    waited_from = time.monotonic()
    try:
        while pipe.poll(max(0.0, waited_from + patience - time.monotonic())):
            kind, text = pipe.recv()
            if kind != "logged":
                return str(text) or None
            waited_from = time.monotonic()
    except (EOFError, OSError):
        return "its process ended"
    return f"it did not answer for {patience:g} s"


def _work(tracker: AbstractTracker, folder: Path, pipe: "Connection[Any, Any]") -> None:
    """Run in the process: read the records until the parent asks to end or has ended, and then once more."""
    os.nice(10)
    failure = ""
    try:
        with FileLock(lock_file(folder, "tracker")):  # the tracker of the previous command may still be running
            _log_all(tracker, folder, pipe)
    except Exception as error:  # any kind, because the services' packages raise their own
        failure = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    with suppress(OSError):
        pipe.send(("ended", failure))


def _log_all(tracker: AbstractTracker, folder: Path, pipe: "Connection[Any, Any]") -> None:
    runs = FinishedRuns(folder, tracker.open(sweep_of(folder)))
    try:
        is_last = False
        while not is_last:
            is_last = pipe.poll(LOOK_SECONDS)
            for run in runs.new():
                tracker.log(run)
                pipe.send(("logged", run.id))
    finally:
        tracker.close()
