"""Weights & Biases: a run for every run, in a group for the sweep."""

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from dropout_lab.core.trial import digest
from dropout_lab.tracker.tracker import AbstractTracker, TrackedRun, TrackedSweep


@dataclass
class WandbTracker(AbstractTracker):
    """`mode`: online or offline; None: that in WANDB_MODE, else online, with the account of `wandb login`.

    Offline runs are in `wandb/` of the sweep's folder, for `wandb sync`. The ids of the logged runs are there too, in
    `dropout-lab-logged.txt`, one per line, because offline there is no service to ask.
    """

    project: str = "dropout-lab"
    entity: str | None = None
    mode: Literal["online", "offline"] | None = None
    _sweep: TrackedSweep | None = field(default=None, init=False)

    package = "wandb"
    extra = "wandb"

    def open(self, sweep: TrackedSweep) -> Collection[str]:
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        self._sweep = sweep
        self._logged.parent.mkdir(parents=True, exist_ok=True)
        return set(self._logged.read_text().split()) if self._logged.is_file() else set()

    def log(self, run: TrackedRun) -> None:
        import wandb

        assert self._sweep is not None  # set by `open`
        settings = wandb.Settings(console="off", silent=True, disable_git=True, save_code=False, x_disable_stats=True)
        opened = wandb.init(
            project=self.project,
            entity=self.entity,
            mode=cast(Any, self.mode),  # validated by `check`
            dir=str(self._sweep.folder),
            id=digest([self._sweep.id, run.id], 16),
            resume="allow",  # continues what an interruption left
            name=run.name,
            group=self._sweep.name,
            job_type=run.group,
            config={**run.params, **run.about},
            settings=settings,
        )
        for epoch in sorted({epoch for curve in run.curves.values() for epoch in curve}):
            opened.log({name: curve[epoch] for name, curve in run.curves.items() if epoch in curve}, step=epoch)
        opened.summary.update({**run.summary, "status": run.status})
        opened.finish(exit_code=int(run.status == "failed"))
        with self._logged.open("a") as file:
            file.write(f"{run.id}\n")

    @property
    def _logged(self) -> Path:
        assert self._sweep is not None
        return self._sweep.folder / "wandb" / "dropout-lab-logged.txt"
