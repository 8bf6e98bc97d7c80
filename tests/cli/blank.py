"""`python -m tests.cli.blank ...` is `dropout-lab ...`, but for its reports.

They are made in its own process. After training they read the records and say nothing; asked for by `report`, they are
whole, but undrawn.
"""

import sys
from pathlib import Path

from dropout_lab.app.cli import main
from dropout_lab.report import apart, make
from dropout_lab.report.frames.load import load
from dropout_lab.report.result import Report
from tests.report.blank import blank_figures


def _make(folder: Path, refresh: float | None = None, *, baseline: int | None = None, **given: bool) -> Report:
    if sys.argv[1] != "report":
        return Report(folder / "report.html", [], [], [], load(folder, baseline).notes)
    with blank_figures():
        return make(folder, refresh=refresh, baseline=baseline, **given)


if __name__ == "__main__":
    apart.make_apart, apart.preload = _make, lambda: None
    main()
