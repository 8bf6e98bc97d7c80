"""The report while a sweep runs."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from dropout_lab.records import store
from dropout_lab.report import watch
from dropout_lab.report.result import Report
from dropout_lab.report.write.page import refreshing
from tests.cli.conftest import Command
from tests.report.canned import Sweep, grid

REFRESH = '<meta http-equiv="refresh"'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sweep" / "locks").mkdir(parents=True)
    return Sweep(grid(("hidden",), (0.0, 0.3)), seeds=2).write(tmp_path / "sweep")


def grow(folder: Path) -> None:
    content = (folder / "runs-0.jsonl").read_text()
    (folder / "runs-0.jsonl").write_text(content + content.splitlines()[-1] + "\n")


def test_it_makes_a_report_when_the_records_have_grown_until_the_sweep_ends(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LEAST_SECONDS", 0.2)
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.02)
    made: list[tuple[int, float | None]] = []

    def make(folder: Path, refresh: float | None) -> Report:
        made.append((len(store.read(folder).runs), refresh))
        return Report(folder / "report.html", [], [], [], [])

    sweep = FileLock(folder / "locks" / "sweep.lock")
    sweep.acquire()
    for number, _ in enumerate(watch.watch(folder, make)):
        if number == 0:
            grow(folder)
        if number == 1:
            sweep.release()
    assert made == [(4, 0.2), (5, 0.2), (5, None)]  # the last one does not load itself again
    assert len(list(watch.watch(folder, make))) == 1  # of a sweep that has ended
    assert made[3:] == [(5, None)]


def test_whoever_leaves_leaves_a_page_that_is_still(folder: Path) -> None:
    made: list[float | None] = []

    def make(folder: Path, refresh: float | None) -> Report:
        made.append(refresh)
        return Report(folder / "report.html", [], [], [], [])

    with FileLock(folder / "locks" / "sweep.lock"):
        reports = watch.watch(folder, make)
        next(reports)
        with pytest.raises(KeyboardInterrupt):
            reports.throw(KeyboardInterrupt)
    assert made == [watch.LEAST_SECONDS, None]


def test_to_look_does_not_stop_a_sweep_from_beginning(folder: Path) -> None:
    for _ in range(50):
        assert not watch.runs(folder)
        with FileLock(folder / "locks" / "sweep.lock").acquire(timeout=0):
            assert watch.runs(folder)


def test_a_page_refreshes_itself_only_when_told(reported: Command, folder: Path) -> None:
    assert reported("report", str(folder), "--watch").code == 0
    page = (folder / "report.html").read_text()
    assert REFRESH not in page
    assert "Finished: 4 runs" in page
    assert refreshing(page, None) == page
    assert refreshing(page, 5.0).count(f'{REFRESH} content="5">') == 1


@pytest.mark.slow
def test_ctrl_c_ends_it_with_130(folder: Path) -> None:
    with FileLock(folder / "locks" / "sweep.lock"):
        process = subprocess.Popen(
            [sys.executable, "-m", "dropout_lab", "report", str(folder), "--watch"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        end = time.monotonic() + 600  # only where it never happens
        while not (folder / "report.html").exists() or REFRESH not in (folder / "report.html").read_text():
            assert time.monotonic() < end
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        out, _ = process.communicate(timeout=600)  # only where it never happens
    assert process.returncode == 130, out
    assert "Traceback" not in out
    assert REFRESH not in (folder / "report.html").read_text()
