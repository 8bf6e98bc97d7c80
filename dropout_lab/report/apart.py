"""The report, made in a process without torch whose libraries are loaded in advance.

Loading pandas, scipy and matplotlib takes as long as drawing; while a sweep starts or trains, it costs no time.
"""

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver, resource_tracker
from pathlib import Path

from dropout_lab.core import interrupts
from dropout_lab.report import make
from dropout_lab.report.result import Report
from dropout_lab.report.write.compare import compare


def preload() -> None:
    """Start the process that loads the libraries, and return at once."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["dropout_lab.report.write.write"])
    resource_tracker.ensure_running()  # otherwise it is started below, where it would receive interrupts
    # Ctrl-C in a terminal reaches all processes; this one ignores it from its first line on.
    with interrupts.held_back():
        forkserver.ensure_running()


def make_apart(
    folder: Path,
    refresh: float | None = None,
    *,
    pdf: bool = True,
    baseline: int | None = None,
    running: bool = False,
) -> Report:
    """Run `make` in that process."""
    preload()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("forkserver")) as pool:
        jobs = os.cpu_count() or 1
        return pool.submit(
            make, folder, jobs=jobs, refresh=refresh, pdf=pdf, baseline=baseline, running=running
        ).result()


def compare_apart(folders: Sequence[Path], out: Path | None = None) -> Report:
    """Run `compare` in that process."""
    preload()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("forkserver")) as pool:
        return pool.submit(compare, folders, out).result()
