"""The report, made in a process without torch whose libraries are loaded before they are needed.

Loading pandas, scipy and matplotlib takes as long as drawing; beside a sweep that starts or trains it takes no time.
"""

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver
from pathlib import Path

from dropout_lab.report import Report, make


def preload() -> None:
    """Starts the process that loads the libraries, and returns at once."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["dropout_lab.report.write"])
    # Ctrl-C in a terminal reaches all processes; this one is to leave it to its parent, from its first line on.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def make_apart(folder: Path) -> Report:
    """What `make` does, there."""
    preload()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("forkserver")) as pool:
        return pool.submit(make, folder, jobs=os.cpu_count() or 1).result()
