"""The command line, called in this process: as a newcomer would, in an empty folder."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dropout_lab.cli import main


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Command = Callable[..., Outcome]

SMALL = ("dataset=wine", "model.width=8", "trainer.epochs=3", "trainer.batch_size=16", "seeds=2")
"""A network and data so small that a sweep takes a second."""


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["dropout-lab", *words])
        with pytest.raises(SystemExit) as leaving:
            main()
        captured = capfd.readouterr()
        return Outcome(int(leaving.value.code or 0), captured.out, captured.err)

    return call
