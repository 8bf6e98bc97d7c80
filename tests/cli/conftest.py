"""The command line, called in this process: as a newcomer would, in an empty folder.

Its reports read the records and say nothing, for a report takes longer than all else. A test that reads one asks for
`reported`.
"""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from filelock import FileLock

from dropout_lab.app import command as commands
from dropout_lab.app import report as reports
from dropout_lab.app.cli import main
from dropout_lab.cohort.compilation import ahead
from dropout_lab.core.trial import digest
from dropout_lab.report import apart, make
from dropout_lab.report.frames.load import load
from dropout_lab.report.frames.ranking import ranked
from dropout_lab.report.result import Report
from dropout_lab.report.topics.configurations.configurations import configurations
from tests.report.blank import blank_figures


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Command = Callable[..., Outcome]

Trained = Callable[..., Path]

SMALL = (
    *("dataset=wine", "model.width=8", "trainer.epochs=3", "trainer.batch_size=16"),
    *("trainer.compile=never", "seeds=2"),
)
"""A network and data so small that a sweep takes a second."""


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs `dropout-lab` with some words, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ahead, "start", lambda: None)  # it only saves time, and here costs it

    def unsaid(folder: Path, refresh: float | None = None, *, baseline: int | None = None, **given: bool) -> Report:
        return Report(folder / "report.html", [], [], [], load(folder, baseline).notes)

    _report_by(monkeypatch, unsaid)

    def call(*words: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["dropout-lab", *words])
        with pytest.raises(SystemExit) as leaving:
            main()
        captured = capfd.readouterr()
        return Outcome(int(leaving.value.code or 0), captured.out, captured.err)

    return call


@pytest.fixture
def reported(command: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`command` with whole reports, but for their figures, which are blank."""

    def report(folder: Path, refresh: float | None = None, *, baseline: int | None = None, **given: bool) -> Report:
        with blank_figures():
            return make(folder, refresh=refresh, baseline=baseline, **given)

    _report_by(monkeypatch, report)
    return command


@pytest.fixture
def trained(command: Command, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The folder that a command leaves, in `outputs`: trained once, whoever asks first, and copied for the others."""
    root = tmp_path_factory.getbasetemp()
    kept = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "trained"
    kept.mkdir(exist_ok=True)

    def copy(*words: str) -> Path:
        (name,) = (word.removeprefix("name=") for word in words if word.startswith("name="))
        folder, finished = tmp_path / "outputs" / name, kept / digest(list(words))
        with FileLock(f"{finished}.lock"):
            if finished.is_dir():
                shutil.copytree(finished, folder)
            else:
                outcome = command(*words)
                assert outcome.code == 0, outcome.err
                shutil.copytree(folder, finished)
        return folder

    return copy


def table(folder: Path) -> pd.DataFrame:
    """The configurations table without what depends on the clock."""
    frames = load(folder)
    return ranked(configurations(frames), frames.objectives[0], frames.seeds).filter(regex="^(?!seconds)")


def _report_by(monkeypatch: pytest.MonkeyPatch, report: Callable[..., Report]) -> None:
    monkeypatch.setattr(apart, "preload", lambda: None)
    for where in (apart, commands, reports):
        monkeypatch.setattr(where, "make_apart", report)
