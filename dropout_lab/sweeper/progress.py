"""What a sweep shows while it trains: a live line in a terminal or notebook, a plain one now and then elsewhere."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as RichProgress

from dropout_lab.core.metrics.lookup import objectives as known_objectives
from dropout_lab.core.trial import Run
from dropout_lab.records.fields import Record
from dropout_lab.sweeper.notebook_bar import NotebookBar

PLAIN_SECONDS = 5.0
"""The least time between two plain lines."""


class Progress:
    """The runs and epochs of one of `workers`, counted and shown.

    `total`: runs to train, by all workers; `epochs`: their mean number of epochs.
    """

    def __init__(
        self, console: Console, total: int, epochs: float, objectives: Sequence[str], workers: int = 1, worker: int = 0
    ) -> None:
        self._console, self._total, self._each, self._workers = console, total, epochs, workers
        self._spared = 0.0
        self._objective, self._prefix = objectives[0], f"worker {worker}: " if workers > 1 else ""
        self._done = self._in_flight = self._failed = self._epochs = self._uncounted = 0
        self._best: tuple[float, str] | None = None
        self._started = self._last = time.monotonic()
        self._bar: RichProgress | None = None
        self._cell = NotebookBar(total) if console.is_jupyter else None
        if console.is_terminal:
            self._bar = RichProgress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("runs · {task.fields[prose]}"),
                console=console,
                refresh_per_second=4,
                transient=True,
            )
            self._task = self._bar.add_task("training", total=total, prose="starting")

    def __enter__(self) -> "Progress":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()
        elif self._cell:
            self._cell.show(self._done, self._total, self._prose(), last=True)
        elif kind is None and self._done:
            self._line()

    def say(self, text: str) -> None:
        """Print a line above the display."""
        self._console.print(f"{self._prefix}{text}", highlight=False, markup=False)

    def started(self, run: Run) -> None:
        """Count a run that has entered training."""
        self._in_flight += 1

    def epoch(self, runs: int) -> None:
        """Count one epoch of this many runs. The estimate of time leaves the first epoch out: it includes a warm-up."""
        if not self._epochs:
            self._started, self._uncounted = time.monotonic(), runs
        self._epochs += runs
        self._show()

    def only(self, runs: int) -> None:
        """Count from now on only this worker's runs: `runs` are in training or wait for it, and no more will come."""
        self._total, self._workers = self._done + runs, 1
        if self._bar:
            self._bar.update(self._task, total=self._total)

    def ended(self, run: Run, record: Record, label: Record) -> None:
        """Count a run with its record; say so if it failed. `label` is its trial's."""
        self._done += 1
        self._spared += run.trial.config["trainer"]["epochs"] - record["epochs"]
        self._in_flight -= record["epochs"] > 0 or record["status"] == "failed"
        if record["status"] == "failed":
            self._failed += 1
            self.say(f"failed: trial {run.number} ({name(label)}), seed {run.seed}: {record['reason']}")

    def trial_ended(self, trial: Record, values: Sequence[float]) -> None:
        """Remember a trial's objectives `values` if they are the best so far."""
        sign = -1 if known_objectives()[self._objective].is_maximised else 1
        if self._best is None or sign * values[0] < sign * self._best[0]:
            self._best = values[0], name(trial["label"])

    def _prose(self) -> str:
        parts = [f"{self._in_flight} in flight", f"{self._failed} failed"]
        if self._best is not None:
            parts.append(f"best {self._objective} {self._best[0]:.4g} ({self._best[1]})")
        elapsed, counted = time.monotonic() - self._started, self._epochs - self._uncounted
        if counted and self._done < self._total:
            epochs = self._total * self._each / self._workers - self._spared
            left = max(0.0, (epochs - self._epochs) * elapsed / counted)
            parts.append(f"{clock(left)} left")
        return " · ".join(parts)

    def _show(self) -> None:
        if self._bar:
            self._bar.update(self._task, completed=self._done, prose=self._prose())
        elif self._cell:
            self._cell.show(self._done, self._total, self._prose())
        elif time.monotonic() - self._last >= PLAIN_SECONDS:
            self._line()

    def _line(self) -> None:
        self._last = time.monotonic()
        self.say(f"{self._done} of {self._total} runs · {self._prose()}")


def name(label: Any) -> str:
    """A short name for a trial, from its label."""
    if label["placement"] == "none":
        return "no dropout"
    if label["placement"] is None:
        return "rates by site"
    return f"{label['placement']} {label['rate']:g}"


def clock(seconds: float) -> str:
    """A duration as 1:05 or 2:01:05."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
