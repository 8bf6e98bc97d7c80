"""The report: what a sweep's records say about where to drop and how much, as a page, tables and figures.

`make` needs only the records, of a finished or unfinished sweep, and no torch.
"""

import gc
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from dropout_lab.report.result import Report


def make(
    folder: Path,
    jobs: int = 1,
    refresh: float | None = None,
    pdf: bool = True,
    baseline: int | None = None,
    *,
    running: bool = False,
) -> Report:
    """Write report.html, report.md, report.json, tables/, trials.tex and figures/ into the sweep folder.

    jobs: processes that draw; they are forked, so several need that no other thread runs. refresh: seconds after
    which the page reloads itself while a sweep is watched; None: never. pdf: whether figures are written as PDF
    too. baseline: number of the trial that all are compared with, instead of no dropout. running: whether a sweep
    trains into the folder now. Raises UserError for a folder that is not a sweep's, and for a baseline that is not
    a trial with a complete run. A sweep without a finished run gets a report that says so.
    """
    with uncollected():
        # Imported lazily: it takes about a second.
        from dropout_lab.report.frames.load import load
        from dropout_lab.report.write.write import write_all

        frames = load(folder, baseline)
        return write_all(folder, frames, jobs, refresh, pdf, running=running)


@contextmanager
def uncollected() -> Generator[None]:
    """Pause garbage collection, which takes a fifth of the report's time and frees nothing: the figures are in use."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
