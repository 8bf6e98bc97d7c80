"""How far the sweep is."""

from dataclasses import dataclass
from typing import Literal

from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import plural

Name = Literal["finished", "running", "stopped", "failed"]


@dataclass(frozen=True)
class State:
    """`done`: recorded runs. `planned`: at most so many, for a search."""

    name: Name
    done: int
    planned: int
    failed: int

    @property
    def is_over(self) -> bool:
        return self.name in ("finished", "failed")

    @property
    def text(self) -> str:
        failed = f", {self.failed} failed" if self.failed and self.name != "failed" else ""
        if self.name == "finished":
            return f"Finished: {plural(self.done, 'run')}{failed}"
        if self.name == "failed":
            return f"Failed: {self.failed} of {plural(self.done, 'run')}"
        if not self.planned:
            return "Running: no run has ended" if self.name == "running" else "Stopped: no run is recorded"
        word = "Running" if self.name == "running" else "Stopped"
        return f"{word}: {self.done} of {plural(self.planned, 'run')}{failed}"


def state(frames: Frames, running: bool) -> State:
    """`running`: whether a sweep trains into the folder now."""
    status = frames.runs["status"]
    done, failed = len(frames.runs), int((status == "failed").sum())
    budget = frames.asked.get("n_trials")
    trials = len(frames.trials) if budget is None or not running else max(len(frames.trials), int(budget))
    planned = max(done, trials * frames.seeds)
    if done and failed == done:
        return State("failed", done, planned, failed)
    if running and (done < planned or not planned):
        return State("running", done, planned, failed)
    return State("finished" if done and done >= planned else "stopped", done, planned, failed)
