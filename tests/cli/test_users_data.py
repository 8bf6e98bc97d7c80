"""Sweeps by command on a folder of images, a file of arrays and a function of one's own, with their reports."""

from pathlib import Path
from typing import Any

import pytest

from dropout_lab.datasets import image_cache
from dropout_lab.records import store
from tests.cli.conftest import Command
from tests.datasets.user_files import FILES, FOLDERS

SHORT = ("rate=0.1,0.3", "trainer.epochs=2", "seeds=2", "trainer.compile=never", "trainer.batch_size=8", "name=mine")
FUNCTION = """
from tests.datasets.user_files import X, Y

def load(n):
    return X[:n], Y[:n]
"""
SETS: dict[str, tuple[str, ...]] = {
    "one with parts": ("dataset=images", "dataset.path='one with parts'", "model=cnn", "placement=conv"),
    "parts.npz": ("dataset=arrays", "dataset.path=parts.npz"),
    "series.npz": ("dataset=arrays", "dataset.path=series.npz", "model=rnn", "placement=input"),
    "users_data.py": ("dataset._target_=users_data.load", "dataset.n=40"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_a_sweep_and_its_report(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reported: Command) -> None:
    makers: dict[str, Any] = {**FOLDERS, **FILES, "users_data.py": lambda path: path.write_text(FUNCTION)}
    makers[name](tmp_path / name)
    monkeypatch.setattr(image_cache, "user_cache_path", lambda of: tmp_path / "cache" / of)
    done = reported("sweep", *SETS[name], *SHORT)
    assert done.code == 0, done.err
    assert "6 of 6 runs" in done.out
    assert (tmp_path / "outputs" / "mine" / "report.html").stat().st_size > 10_000
    assert "taken as" in done.out
    session = store.read(Path("outputs/mine")).sessions[0]
    assert session["data"]
    sites = reported("sites", *SETS[name])
    assert sites.code == 0, sites.err


def test_a_function_that_returns_other_data_is_no_continuation(tmp_path: Path, command: Command) -> None:
    (tmp_path / "users_other.py").write_text(FUNCTION)
    words = ("dataset._target_=users_other.load", *SHORT)
    assert command("sweep", *words, "dataset.n=30").code == 0
    record = store.read(Path("outputs/mine")).trials[0]
    assert record["config"]["dataset"]["_target_"] == "users_other.load"
    refused = command("train", "--from", "outputs/mine", "0")
    assert refused.code == 2
    assert "trust=true" in refused.err
