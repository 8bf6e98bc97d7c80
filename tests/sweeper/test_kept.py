"""The weights in a sweep's folder: of what may still be its answer, and of nothing else."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from dropout_lab.core.tensor_files import packed, unpacked
from dropout_lab.records import store, weights
from dropout_lab.records.ledger import Ledger
from dropout_lab.sweeper.kept import settle
from tests.sweeper.fake import Fake, begin, plan, sweep

GRID = ("rate=0,0.1,0.2,0.3,0.4,0.5,0.6",)
NARROW = {"epochs": 4, "keep_predictions": False, "keep": "best", "compile": "never", "width": 2}
"""Two lanes, and two seeds: one configuration at a time."""


def kept(folder: Path) -> set[tuple[float, int]]:
    """(rate, seed) of the files, each of which holds the network of the run that its name says."""
    rates = {trial["key"]: max(trial["rates"].values(), default=0.0) for trial in store.read(folder).trials}
    found = set()
    for run in weights.runs(folder):
        key, seed, _ = run.split("-")
        content = weights.read(folder, run)
        assert content is not None
        numbers = unpacked(content, run)["numbers"].tolist()
        assert numbers == pytest.approx([rates[key], int(seed)])
        found.add((rates[key], int(seed)))
    return found


def of(*rates: float, seeds: int = 2) -> set[tuple[float, int]]:
    return {(rate, seed) for rate in rates for seed in range(seeds)}


def settled(folder: Path, *axes: str, **settings: Any) -> str | None:
    made = plan(folder, *axes, **settings)
    return settle(made, Ledger.of(store.read(folder)))


def test_the_best_and_no_dropout_are_kept_and_never_many_more(tmp_path: Path) -> None:
    """0.3 is the best of the fake's rates."""
    most = 0

    def count(epoch: int) -> None:
        nonlocal most
        most = max(most, len(weights.runs(tmp_path)))

    sweep(Fake(after_epoch=count), tmp_path, *GRID, trainer=NARROW)
    assert kept(tmp_path) == of(0.0, 0.3)
    assert 4 <= most <= 6, "no dropout, the best so far, and the one before it"
    said = settled(tmp_path, *GRID, trainer=NARROW)
    assert said is not None
    assert "trial 0 (no dropout, 2 runs), trial 3" in said
    assert kept(tmp_path) == of(0.0, 0.3)


def test_all_are_kept_or_none(tmp_path: Path) -> None:
    sweep(Fake(), tmp_path / "all", *GRID, trainer={**NARROW, "keep": "all"})
    settled(tmp_path / "all", *GRID, trainer={**NARROW, "keep": "all"})
    assert kept(tmp_path / "all") == of(0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    sweep(Fake(), tmp_path / "none", *GRID, trainer={**NARROW, "keep": "none"})
    assert settled(tmp_path / "none", *GRID, trainer={**NARROW, "keep": "none"}) is None
    assert not (tmp_path / "none" / "weights").exists()
    settled(tmp_path / "all", *GRID, trainer=NARROW)
    assert kept(tmp_path / "all") == of(0.0, 0.3), "as the last command asks"


def test_more_seeds_and_more_rates_change_what_is_kept(tmp_path: Path) -> None:
    sweep(Fake(), tmp_path, "rate=0,0.5,0.6", trainer=NARROW)
    assert kept(tmp_path) == of(0.0, 0.5)
    sweep(Fake(), tmp_path, "rate=0,0.3,0.5,0.6", trainer=NARROW)
    assert kept(tmp_path) == of(0.0, 0.3)
    sweep(Fake(), tmp_path, "rate=0,0.3,0.5,0.6", seeds=3, trainer=NARROW)
    assert kept(tmp_path) == of(0.0, 0.3, seeds=3)


def test_a_maximised_objective_keeps_the_highest(tmp_path: Path) -> None:
    """The fake's accuracy falls with the rate."""
    sweep(Fake(), tmp_path, *GRID, objective="val_accuracy", trainer=NARROW)
    assert kept(tmp_path) == of(0.0), "no dropout is the best itself"


def test_what_fails_or_is_pruned_keeps_nothing(tmp_path: Path) -> None:
    fate: Callable[[float, int, int], str] = lambda rate, seed, attempt: (  # noqa: E731
        "failed" if (rate, seed) == (0.3, 1) else "complete"
    )
    sweep(Fake(fate), tmp_path, *GRID, trainer=NARROW)
    assert {rate for rate, _ in kept(tmp_path)} == {0.0, 0.2}, "0.3 is not complete, and 0.2 comes before 0.4"


def test_two_workers_leave_at_most_their_own_bests_and_the_command_settles_it(tmp_path: Path) -> None:
    work, _ = begin(Fake(), tmp_path, *GRID, workers=2, trainer=NARROW)
    work(0)
    work(1)
    settled(tmp_path, *GRID, workers=2, trainer=NARROW)
    assert kept(tmp_path) == of(0.0, 0.3)


@pytest.mark.parametrize("epochs", [3, 9, 14, 22])
def test_killed_at_any_time_it_goes_on_to_the_same_files(epochs: int, tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        try:
            fake = Fake(after_epoch=lambda epoch: os.kill(os.getpid(), signal.SIGKILL) if epoch == epochs else None)
            sweep(fake, tmp_path, *GRID, trainer=NARROW)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    unfinished = tmp_path / "weights" / ".x-0-1.safetensors.tmp"
    unfinished.parent.mkdir(exist_ok=True)
    unfinished.write_bytes(b"half")
    sweep(Fake(), tmp_path, *GRID, trainer=NARROW)
    settled(tmp_path, *GRID, trainer=NARROW)
    assert kept(tmp_path) == of(0.0, 0.3)
    assert not unfinished.exists()


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = packed({"a": torch.ones(3)}, {})
    weights.write(tmp_path, "x-0-1", content)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Exception, match="No space left"):
        weights.write(tmp_path, "x-0-1", content[:20])
    assert weights.read(tmp_path, "x-0-1") == content
    assert [path.name for path in (tmp_path / "weights").iterdir()] == ["x-0-1.safetensors"]
    assert weights.read(tmp_path, "y-0-1") is None
