"""A canned sweep folder with all its files, and the plan of a command that continues it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dropout_lab.records import predictions, store
from dropout_lab.records.ledger import Ledger
from dropout_lab.records.writer import Writer
from dropout_lab.sweeper.plan import Plan
from dropout_lab.sweeper.rebuild import agree
from dropout_lab.sweeper.space import Axis, parse
from tests.report.canned import Sweep, grid, lanes_record

GRID = "dropout_lab.sweeper.grid.Grid"


def plan_of(folder: Path, axes: Sequence[Axis] = (), **settings: Any) -> Plan:
    """A plan as far as the study needs one."""
    config = {
        "sampler": {"_target_": GRID},
        "pruner": {"_target_": "optuna.pruners.NopPruner"},
        "prune_step": "epoch",
        "seeds": 2,
        "n_trials": None,
        "trust": False,
        **settings,
    }
    compose: Any = None
    objectives = [settings["objective"]] if "objective" in settings else ["val_loss"]
    return Plan(folder, config, {}, axes, compose, objectives, "cpu", 1, 0)


def axes_of(*lines: str) -> Sequence[Axis]:
    return parse(lines, lambda key: [])[0]


def write(folder: Path, sweep: Sweep | None = None) -> Path:
    """Every file that a sweep of four configurations has."""
    (sweep or Sweep(grid(("input", "hidden"), (0.0, 0.3)), seeds=2, epochs=4)).write(folder)
    (folder / "config.yaml").write_text("seeds: 2\n")
    records = store.read(folder)
    writer = Writer(folder)
    run = records.runs[0]
    writer.append("cohorts", {"structure": "0", "session": 0, "width": 8, "compiled": False, "threads": 1})
    learned = {"id": [run["id"]], "epoch": [1], "site": ["input"], "quantity": ["rate"], "value": [0.2]}
    writer.append("learned", learned)
    writer.append("lanes", lanes_record(8, 3, 0.0))
    writer.close()
    for one in records.runs:
        if one["status"] == "complete":
            predictions.write(folder, one["id"], np.log(np.full((4, 2), 0.5)), np.array([0, 1, 0, 1]))
    assert heal(plan_of(folder)) is not None
    return folder


def heal(plan: Plan, *ours: str) -> str | None:
    records = store.read(plan.folder)
    return agree(plan, records, Ledger.of(records), ours)
