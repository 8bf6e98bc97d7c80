"""Sweeps from Python in an empty folder, whose reports have blank figures."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import command
from tests.report.blank import blank_figures

__all__ = ["command", "home"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The empty folder in which the test runs."""
    monkeypatch.chdir(tmp_path)
    with blank_figures():
        yield tmp_path
