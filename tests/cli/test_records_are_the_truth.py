"""A sweep goes on in a folder that was renamed, copied, or lost its study, as if nothing had happened."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest

from dropout_lab.app import command as commands
from dropout_lab.records.folder import JOURNAL
from dropout_lab.report.frames.load import load
from dropout_lab.report.result import Report
from tests.cli.conftest import SMALL, Command

pytestmark = pytest.mark.slow

EAGER = (*SMALL, "trainer.compile=never")
GRID = (("rate=0,0.3", "seeds=2"), ("rate=0,0.3,0.5", "seeds=3"))
SEARCH = ("rates.input=interval(0,0.5)", "rates.hidden=interval(0,0.8)", "objective=[val_loss,gap]")
TPE = (*SEARCH[:2], "sampler=tpe", "sampler.n_startup_trials=3", "pruner=hyperband")
NSGA = (*SEARCH, "sampler=nsgaii", "sampler.population_size=3")


def copied(folder: Path, to: Path) -> None:
    shutil.copytree(folder, to)


def without_study(folder: Path, to: Path) -> None:
    folder.rename(to)
    (to / JOURNAL).unlink()


def with_half_a_study(folder: Path, to: Path) -> None:
    folder.rename(to)
    lines = (to / JOURNAL).read_bytes().splitlines(keepends=True)
    (to / JOURNAL).write_bytes(b"".join([lines[0], lines[1][:40], b"\n", *lines[2:]]))


Move = Callable[[Path, Path], object]
MOVES: Sequence[Move] = (Path.rename, copied, without_study, with_half_a_study)


def runs(folder: Path) -> pd.DataFrame:
    found = load(folder)
    assert found.notes == []
    return found.runs[["trial", "placement", "rate", "seed", "status", "val_loss", "test_loss", "gap_loss"]]


CASES: list[tuple[tuple[str, ...], tuple[str, ...], Move]] = [(*GRID, move) for move in MOVES if move != without_study]
CASES += [((*search, "n_trials=4"), (*search, "n_trials=7"), without_study) for search in (TPE, NSGA)]


@pytest.mark.parametrize(("first", "then", "move"), CASES, ids=[f"{case[0][-2]}, {case[2].__name__}" for case in CASES])
def test_a_moved_sweep_is_widened_as_one_that_stayed(
    first: tuple[str, ...],
    then: tuple[str, ...],
    move: Move,
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(commands, "make_apart", lambda folder, **more: Report(folder / "report.html", [], [], [], []))
    outputs = tmp_path / "outputs"
    assert command("sweep", *EAGER, *first, "name=stayed").code == 0
    shutil.copytree(outputs / "stayed", outputs / "before")
    move(outputs / "before", outputs / "moved")
    assert command("sweep", *EAGER, *then, "name=stayed").code == 0
    outcome = command("sweep", *EAGER, *then, "name=moved")
    assert outcome.code == 0
    assert ("the study is made again from the records" in outcome.out) == (move in (without_study, with_half_a_study))
    moved, stayed = runs(outputs / "moved"), runs(outputs / "stayed")
    if then[:3] == NSGA[:3]:  # a generation ends when its trials have ended, and in which order they did no record says
        assert moved["trial"].nunique() == stayed["trial"].nunique() == 8
    else:
        pd.testing.assert_frame_equal(moved, stayed, check_exact=True)
    again = command("sweep", *EAGER, *then, "name=moved")
    assert "0 runs to train" in again.out
    assert "made again" not in again.out
