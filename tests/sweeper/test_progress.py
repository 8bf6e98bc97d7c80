"""What a sweep says of how far it is."""

import io
import time
from typing import Any

import pytest
from rich.console import Console

from dropout_lab.core.trial import Run, Trial
from dropout_lab.sweeper.progress import Progress

LABEL = {"placement": "hidden", "rate": 0.5}


def progress(total: int, epochs: float = 4, workers: int = 1) -> tuple[Progress, io.StringIO]:
    written = io.StringIO()
    return Progress(Console(file=written, width=200), total, epochs, ["val_loss"], workers), written


def run(shown: Progress, epochs: int = 4, planned: int = 4) -> None:
    one: Any = Run(Trial({"rates": {}, "trainer": {"epochs": planned}}), 0, 0)
    shown.started(one)
    for _ in range(epochs):
        shown.epoch(1)
    shown.ended(one, {"epochs": epochs, "status": "complete"}, LABEL)


def test_the_end_of_a_search_that_found_fewer_is_the_end() -> None:
    shown, written = progress(total=26)
    with shown:
        for _ in range(8):
            run(shown)
        shown.only(2)
        for _ in range(2):
            run(shown)
    assert "10 of 10 runs" in written.getvalue()
    assert "left" not in written.getvalue().splitlines()[-1]


def test_what_stops_early_leaves_no_time() -> None:
    shown, written = progress(total=2, epochs=100)
    with shown:
        run(shown, epochs=2, planned=100)
        run(shown, epochs=2, planned=100)
    assert "left" not in written.getvalue()


def test_absurd_losses_are_written_in_four_digits() -> None:
    shown, written = progress(total=1)
    with shown:
        run(shown)
        shown.trial_ended({"label": LABEL}, [7994097911540372996096.0])
    assert "best val_loss 7.994e+21" in written.getvalue()


def test_runs_of_different_lengths_leave_the_time_of_those_that_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, written = progress(total=4, epochs=(100 + 3 * 20) / 4)
    clock = iter(range(1000))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    with shown:
        run(shown, epochs=100, planned=100)
        elapsed = next(clock)
    left = written.getvalue().splitlines()[-1].split(" · ")[-1]
    assert elapsed > 100
    assert left.startswith(("1:0", "2:0")), left  # sixty epochs, at one or two looks at the clock each
