"""No tracker."""

from collections.abc import Collection
from dataclasses import dataclass

from dropout_lab.tracker.tracker import AbstractTracker, TrackedRun, TrackedSweep


@dataclass(frozen=True)
class NoTracker(AbstractTracker):
    """The null tracker; `follow` starts no process for it."""

    def check(self) -> None:
        pass

    def open(self, sweep: TrackedSweep) -> Collection[str]:
        return ()

    def log(self, run: TrackedRun) -> None:
        pass
