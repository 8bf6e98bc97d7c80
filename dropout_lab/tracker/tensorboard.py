"""TensorBoard: a folder of events per run, with its curves, its summary, and its parameters for the HParams page."""

import os
import shutil
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dropout_lab.tracker.tracker import AbstractTracker, TrackedRun, TrackedSweep

SUMMARY = "summary/"
"""Prefix of the tags of a run's summary; the tags of its curves are the names of the metrics."""


@dataclass
class TensorBoardTracker(AbstractTracker):
    """`folder`: of the logs; None: `tensorboard` in the sweep's folder.

    The folder of a run is named by its id, and gets that name when it is complete.
    """

    folder: str | None = None
    _root: Path = field(default=Path(), init=False)

    package = "tensorboard"
    extra = "tensorboard"

    def open(self, sweep: TrackedSweep) -> Collection[str]:
        self._root = Path(self.folder) if self.folder else sweep.folder / "tensorboard"
        self._root.mkdir(parents=True, exist_ok=True)
        return {path.name for path in self._root.glob("[!.]*")}

    def log(self, run: TrackedRun) -> None:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        draft = self._root / f".{run.id}.draft"
        if draft.exists():  # left by a killed process; drafts of other runs may belong to a running sweep
            shutil.rmtree(draft)
        writer = EventFileWriter(str(draft), max_queue_size=1000)
        try:
            for event in _events(run):
                writer.add_event(event)
        finally:
            writer.close()
        os.replace(draft, self._root / run.id)


def _events(run: TrackedRun) -> Iterator[Any]:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb

    now = time.time()
    began = now - run.summary.get("seconds", 0.0)
    # Runs of one trial share a row of the HParams page, so its parameters exclude what differs between them.
    yield Event(wall_time=began, summary=hparams_pb(dict(run.params), trial_id=run.group, start_time_secs=began))
    epochs = sorted({epoch for curve in run.curves.values() for epoch in curve})
    for epoch in epochs:
        values = {name: curve[epoch] for name, curve in run.curves.items() if epoch in curve}
        yield Event(wall_time=began, step=epoch, summary=Summary(value=_values(Summary, values)))
    numbers = {f"{SUMMARY}{name}": value for name, value in run.summary.items()}
    yield Event(wall_time=now, step=epochs[-1] if epochs else 0, summary=Summary(value=_values(Summary, numbers)))


def _values(summary: Any, numbers: dict[str, float]) -> list[Any]:
    return [summary.Value(tag=name, simple_value=value) for name, value in numbers.items()]
