"""The report: what a sweep's records say about where to drop and how much, as a page, tables and figures.

`make` needs the records alone, finished or not, and no torch.
"""

import gc
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Report:
    """Where the page is, and its answer for a terminal.

    `prose`: plain paragraphs, the answer before its cautions. `header` and `rows` are the small table of best,
    baseline and difference, empty where there is no best. `notes` are about the files, such as torn records.
    """

    html: Path
    prose: Sequence[str]
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str]


def make(
    folder: Path, jobs: int = 1, refresh: float | None = None, pdf: bool = True, baseline: int | None = None
) -> Report:
    """Writes report.html, report.md, report.json, tables/, trials.tex and figures/ into the sweep folder.

    jobs: processes that draw; more than one only where no other thread runs, for they are forked. refresh: seconds
    after which the page loads itself again, for who watches a sweep; None: never. pdf: whether figures are written as
    PDF too. baseline: number of the trial that all are compared with, instead of no dropout. Raises UserError for a
    folder that is no sweep, and for a baseline that is no trial with a complete run. A sweep without a finished run
    gets a report that says so.
    """
    with uncollected():
        # Loaded here: for who wants only the words above, a second is long.
        from dropout_lab.report.load import load
        from dropout_lab.report.write import write_all

        frames = load(folder, baseline)
        return Report(*write_all(folder, frames, jobs, refresh, pdf), notes=frames.notes)


@contextmanager
def uncollected() -> Generator[None]:
    """Without garbage collection, which takes a fifth of the report's time to find that figures are still in use."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
