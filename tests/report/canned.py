"""Sweep folders with planted effects, written by the store's own writer and trained by nobody."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dropout_lab.core.metrics.metric import Ended
from dropout_lab.core.metrics.summary import summary
from dropout_lab.core.trial import Run, Trial
from dropout_lab.records.writer import Writer
from dropout_lab.report.answer.answer import Answer, answer
from dropout_lab.report.frames.load import load
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.write.write import evidence_of as evidence_of_frames
from tests.report.on_demand import OnDemand

SITES = ("input", "hidden.0", "hidden.1")

Values = dict[str, list[float | None]]


@dataclass
class Planned:
    """A trial to be written, and what dropout is to do to it: `better` lowers the floor of its validation loss."""

    trial: Trial
    label: Mapping[str, Any]
    params: Mapping[str, Any]
    better: float = 0.0
    noise: str = ""
    """What the planted noise is drawn from, together with the seed."""


@dataclass
class Sweep:
    """A sweep to be written. `fate` says of (trial number, seed) how it ended: complete, pruned, failed or absent."""

    planned: Sequence[Planned]
    seeds: int = 5
    epochs: int = 30
    noise: float = 0.004
    classification: bool = True
    patience: int | None = None
    session: Mapping[str, Any] = field(default_factory=dict)
    fate: Callable[[int, int], str] = lambda trial, seed: "complete"

    def write(self, folder: Path) -> Path:
        writer = Writer(folder)
        writer.append("sessions", {**SESSION, "seeds": self.seeds, **self.session})
        for number, planned in enumerate(self.planned):
            writer.append("trials", trial_record(number, planned), durable=False)
        for number, planned in enumerate(self.planned):
            self._cohort(writer, number, planned)
        writer.close()
        return folder

    def _cohort(self, writer: Writer, number: int, planned: Planned) -> None:
        runs = [Run(planned.trial, number, seed) for seed in range(self.seeds)]
        lanes = {run.id: self.curves(planned, run.seed, self.fate(number, run.seed)) for run in runs}
        for epoch in range(1, self.epochs + 1):
            started = 0.02 * (number * self.epochs + epoch)
            now = {run: values for run, values in lanes.items() if len(values["val_loss"]) >= epoch}
            if now:
                rows = {name: [values[name][epoch - 1] for values in now.values()] for name in next(iter(now.values()))}
                writer.append("curves", {"id": list(now), "epoch": [epoch] * len(now), **rows}, durable=False)
                writer.append("lanes", lanes_record(8, len(now), started), durable=False)
        for run in runs:
            status = self.fate(number, run.seed)
            if status != "absent":
                writer.append("runs", run_record(run, status, lanes[run.id], self.epochs), durable=False)

    def curves(self, planned: Planned, seed: int, status: str) -> Values:
        """Exponential decay to a floor, then overfitting; the seed shifts the floor alike for all configurations."""
        shift = 0.01 * random.Random(f"seed {seed}").gauss(0, 1)
        noise = random.Random(f"{planned.noise} {seed}")
        rate = max(planned.trial.rates.values(), default=0.0)
        floor = 0.3 + shift + self.noise * noise.gauss(0, 1) - planned.better
        speed = 4 * (1 + rate)
        values: Values = {
            name: [] for name in ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "running_loss")
        }
        epochs = {"complete": self.epochs, "pruned": max(1, self.epochs // 5), "failed": 2}.get(status, 1)
        for epoch in range(1, epochs + 1):
            train = 2 * math.exp(-epoch / speed) + 0.02 + 0.2 * rate
            val = 2 * math.exp(-epoch / speed) + floor + 0.004 * (1 - rate) * epoch + 0.002 * noise.random()
            values["train_loss"].append(train)
            values["running_loss"].append(train + rate)
            values["val_loss"].append(val)
            values["train_accuracy"].append(math.exp(-train / 2) if self.classification else None)
            values["val_accuracy"].append(math.exp(-val / 2) if self.classification else None)
            best = min(v for v in values["val_loss"] if v is not None)
            since = len(values["val_loss"]) - 1 - values["val_loss"].index(best)
            if self.patience is not None and since >= self.patience:
                break
        return values


SESSION: Mapping[str, Any] = {
    "session": 0,
    "started": "2026-01-02T03:04:05+00:00",
    "command": "dropout-lab sweep placement=input,hidden,everywhere 'rate=range(0,0.8,0.1)'",
    "axes": {},
    "n_trials": None,
    "objective": ["val_loss"],
    "pruner": "none",
    "settings": {
        "model": {"_target_": "dropout_lab.models.mlp.MLP", "width": 64},
        "dataset": {"_target_": "dropout_lab.datasets.digits"},
        "trainer": {"epochs": 30, "patience": None},
    },
    "scope": {"dataset": "digits", "train": 1150, "validation": 287, "test": 360, "network": "MLP", "parameters": 4874},
    "versions": {"torch": "2.13.0", "numpy": "2.4.6"},
    "git_commit": "0123456789abcdef",
    "machine": {"cpu": "some CPU", "cores": 2},
    "device": "cpu",
}


def planned(
    placement: str | None,
    rate: float | None,
    *,
    rates: Mapping[str, float] | None = None,
    better: float = 0.0,
    method: str = "standard",
    schedule: str = "constant",
    params: Mapping[str, Any] | None = None,
    epochs: int = 30,
    patience: int | None = None,
) -> Planned:
    """A trial that drops at `rates`, or, without them, at the sites of `placement` at `rate`."""
    context = {
        name: value for name, value in (params or {}).items() if name.split(".")[0] in ("optimizer", "model", "dataset")
    }
    sections: dict[str, Any] = {
        "model": {"_target_": "dropout_lab.models.mlp.MLP", "width": 64},
        "dataset": {"_target_": "dropout_lab.datasets.digits"},
        "optimizer": {"_target_": "torch.optim.Adam", "lr": 0.001},
        "trainer": {"epochs": epochs, "batch_size": 64, "patience": patience},
        "dropout": {"name": method},
        "schedule": {"name": schedule},
    }
    for name, value in context.items():
        section, key = name.split(".")
        sections[section] = {**sections[section], key: value}
    if rates is None:
        rates = dict.fromkeys(_sites(placement), rate or 0.0)
    trial = Trial.of({"loss": {"_target_": "dropout_lab.cohort.loss.Plain"}, **sections}, rates)
    # The noise is seeded by a name that stays, wherever the class is.
    noise = Trial.of({"loss": {"_target_": "dropout_lab.loss.Plain"}, **sections}, rates).key
    if trial.is_baseline:
        label: dict[str, Any] = {"placement": "none", "rate": 0.0, "dropout": None, "schedule": None}
    else:
        label = {"placement": placement, "rate": rate, "dropout": method, "schedule": schedule}
    asked = {name: value for name, value in (("placement", placement), ("rate", rate)) if value is not None}
    return Planned(trial, label, {**asked, **(params or {})}, better, noise)


def _sites(placement: str | None) -> Sequence[str]:
    if placement in ("input", None):
        return ("input",)
    # A placement of any other name has a site of its own, so that no two of them are one configuration.
    return ("hidden.0", "hidden.1") if placement == "hidden" else (*SITES, f"extra.{placement}")


def grid(
    placements: Sequence[str] = ("input", "hidden", "everywhere"),
    rates: Sequence[float] = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
    effect: Callable[[str, float], float] = lambda placement, rate: 0.0,
    **more: Any,
) -> list[Planned]:
    """Placement x rate with one baseline, which is trial 0."""
    trials: dict[str, Planned] = {}
    for placement in placements:
        for rate in rates:
            one = planned(placement, rate, better=effect(placement, rate) if rate else 0.0, **more)
            trials.setdefault(one.trial.key, one)
    return list(trials.values())


def hump(placement: str, rate: float) -> float:
    """Dropout helps most at 0.3, in `hidden` most of all, and hurts from 0.6."""
    height = {"hidden": 0.08, "everywhere": 0.05}.get(placement, 0.02)
    return height * (1 - ((rate - 0.3) / 0.3) ** 2)


def trial_record(number: int, planned: Planned) -> dict[str, Any]:
    trial = planned.trial
    return {
        "trial": number,
        "key": trial.key,
        "context": trial.context,
        "label": dict(planned.label),
        "params": dict(planned.params),
        "rates": dict(trial.rates),
        "config": dict(trial.config),
        "structure": {},
    }


def lanes_record(width: int, used: int, started: float, **more: Any) -> dict[str, Any]:
    where = {"session": 0, "worker": 0, "structure": "0"}
    return {**where, "width": width, "used": used, "started": 1.7e9 + started, "seconds": 0.016, **more}


def run_record(run: Run, status: str, curves: Values, horizon: int) -> dict[str, Any]:
    epochs = len(curves["val_loss"])
    record: dict[str, Any] = {
        "id": run.id,
        "key": run.trial.key,
        "seed": run.seed,
        "attempt": run.attempt,
        "status": status,
        "reason": {"failed": "the loss is not finite <nan>", "pruned": "pruned at epoch 6"}.get(status),
        "traceback": "Traceback ..." if status == "failed" else None,
        "epochs": epochs,
        "stopped_early": status == "complete" and epochs < horizon,
        "session": 0,
        "width": 8,
        "compiled": False,
        "threads": 1,
        "seconds": 0.5,
    }
    if status != "failed":
        found = summary(Ended(curves, horizon))
        loss, accuracy = found["val_loss"], found["val_accuracy"]
        assert loss is not None
        record |= found | {"test_loss": loss + 0.01, "test_accuracy": None if accuracy is None else accuracy - 0.01}
    return record


def evidence(sweep: Sweep, folder: Path, baseline: int | None = None) -> Evidence:
    """What the report's words are made of, without its figures."""
    return evidence_of(sweep.write(folder), baseline)


def evidence_of(folder: Path, baseline: int | None = None) -> Evidence:
    return evidence_of_frames(load(folder, baseline), OnDemand)


def answer_of(found: Evidence, running: bool = False) -> Answer:
    """What the first screen says of it."""
    return answer(found, Path("outputs/canned"), running)
