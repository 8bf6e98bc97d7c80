"""Sweeps of any size with planted effects, made as arrays: frames at once, or a folder as the store writes it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.curves import HORIZON_TAIL, TOLERANCE
from dropout_lab.core.trial import Run, canonical_json
from dropout_lab.records.writer import Writer
from dropout_lab.report.frames.load import Frames, _trials
from dropout_lab.report.statistics import Floats
from tests.report.canned import SESSION, Planned, grid, hump, lanes_record, planned, run_record, trial_record

PLACEMENTS = ("input", "hidden", "everywhere", "head")


@dataclass(frozen=True)
class Large:
    """A sweep with known truth. `planned[i].better` lowers the floor of the validation loss of configuration i.

    A run's floor is 0.3 - better + common (of the seed, sd `common`) + own (sd `noise`); its best validation loss lies
    above the floor by what depends on the rate alone, not on the seed. So differences from the baseline have the sd
    sqrt(2) x `noise` over seeds, and the mean difference is known exactly, see `truth`.
    """

    planned: Sequence[Planned]
    seeds: int = 5
    epochs: int = 50
    noise: float = 0.01
    common: float = 0.02
    draw: int = 0

    def shapes(self) -> tuple[Floats, Floats]:
        """Train and validation loss without floor and seeds, configurations x epochs."""
        rates = np.array([max(one.trial.rates.values(), default=0.0) for one in self.planned])[:, None]
        epoch = np.arange(1, self.epochs + 1)[None, :]
        falling = 2 * np.exp(-epoch / (4 * (1 + rates)))
        return falling + 0.02 + 0.2 * rates, falling + 0.004 * (1 - rates) * epoch

    def truth(self) -> Floats:
        """The expected best validation loss of each configuration."""
        better = np.array([one.better for one in self.planned])
        return np.asarray(0.3 - better + self.shapes()[1].min(axis=1))

    def losses(self) -> tuple[Floats, Floats]:
        """Train and validation loss, configurations x seeds x epochs."""
        generator = np.random.default_rng(self.draw)
        own = self.noise * generator.standard_normal((len(self.planned), self.seeds))
        floor = 0.3 + self.common * generator.standard_normal(self.seeds) + own
        floor -= np.array([one.better for one in self.planned])[:, None]
        train, val = self.shapes()
        return np.broadcast_to(train[:, None], (*floor.shape, self.epochs)), val[:, None] + floor[:, :, None]

    def frames(self, curves: bool = True) -> Frames:
        trials, parameters = _trials(
            [json.loads(canonical_json(trial_record(n, one))) for n, one in enumerate(self.planned)]
        )
        train, val = self.losses()
        count = len(self.planned)
        runs = pd.DataFrame(
            {
                "trial": np.repeat(np.arange(count), self.seeds),
                "seed": np.tile(np.arange(self.seeds), count),
                "key": np.repeat(np.array(trials["key"], dtype=object), self.seeds),
            }
        )
        runs["id"] = (runs["key"].astype(object) + "-" + runs["seed"].astype(str) + "-1").astype(object)
        runs["status"] = pd.Series(["complete"] * len(runs), dtype=object)
        runs = runs.assign(attempt=1, reason=None, traceback=None, epochs=self.epochs, stopped_early=False, seconds=0.5)
        runs = runs.assign(session=0, width=8, **self._summary(train, val))
        joined = trials[[name for name in trials if name == "trial" or name not in runs]]
        return Frames(
            "large",
            trials,
            runs.merge(joined, on="trial", how="left"),
            self._curves(runs, train, val) if curves else self._curves(runs.iloc[:0], train[:0], val[:0]),
            [{**SESSION, "seeds": self.seeds}],
            parameters,
            [],
        )

    def _summary(self, train: Floats, val: Floats) -> Mapping[str, Any]:
        """What `metrics.summary` says of each run."""
        best = val.argmin(axis=2)
        result: dict[str, Any] = {"best_epoch": (best + 1.0).reshape(-1)}
        for suffix, place in (("", best), ("_last", np.full_like(best, self.epochs - 1))):
            for side, losses in (("train", train), ("val", val)):
                at = np.take_along_axis(losses, place[:, :, None], axis=2).reshape(-1)
                result |= {f"{side}_loss{suffix}": at, f"{side}_accuracy{suffix}": np.exp(-at / 2)}
            result[f"gap_loss{suffix}"] = result[f"val_loss{suffix}"] - result[f"train_loss{suffix}"]
            train_side, val_side = (result[f"{side}_accuracy{suffix}"] for side in ("train", "val"))
            result[f"gap_accuracy{suffix}"] = train_side - val_side
        near = val <= (1 + TOLERANCE) * val.min(axis=2, keepdims=True)
        result["epochs_to_convergence"] = (near.argmax(axis=2) + 1.0).reshape(-1)
        result["still_improving"] = (best + 1 > (1 - HORIZON_TAIL) * self.epochs).astype(float).reshape(-1)
        return result | {
            **dict.fromkeys(("chance_loss", "learned", "diverged"), np.nan),
            "test_loss": result["val_loss"] + 0.01,
            "test_accuracy": result["val_accuracy"] - 0.01,
        }

    def _curves(self, runs: pd.DataFrame, train: Floats, val: Floats) -> pd.DataFrame:
        frame = runs[["id", "trial", "key", "seed"]].loc[runs.index.repeat(self.epochs)].reset_index(drop=True)
        frame.insert(1, "epoch", np.tile(np.arange(1, self.epochs + 1), len(runs)))
        losses = {"train_loss": train.reshape(-1), "val_loss": val.reshape(-1), "running_loss": train.reshape(-1)}
        accuracies = {f"{side}_accuracy": np.exp(-losses[f"{side}_loss"] / 2) for side in ("train", "val")}
        return frame.assign(**losses, **accuracies)

    def write(self, folder: Path, lanes: int = 64) -> Path:
        """The same sweep as records, in cohorts of `lanes` runs."""
        writer = Writer(folder)
        writer.append("sessions", {**SESSION, "seeds": self.seeds})
        for number, one in enumerate(self.planned):
            writer.append("trials", trial_record(number, one), durable=False)
        train, val = (np.array(losses).reshape(-1, self.epochs) for losses in self.losses())
        runs = [Run(one.trial, n, seed) for n, one in enumerate(self.planned) for seed in range(self.seeds)]
        for start in range(0, len(runs), lanes):
            part = slice(start, start + lanes)
            for epoch in range(self.epochs):
                losses, own = val[part, epoch], train[part, epoch]
                rows = {"train_loss": own, "val_loss": losses, "running_loss": own}
                rows |= {"train_accuracy": np.exp(-own / 2), "val_accuracy": np.exp(-losses / 2)}
                lists = {name: column.tolist() for name, column in rows.items()}
                record = {"id": [run.id for run in runs[part]], "epoch": [epoch + 1] * len(losses), **lists}
                writer.append("curves", record, durable=False)
                started = 0.02 * (start // lanes * self.epochs + epoch)
                writer.append("lanes", lanes_record(lanes, len(losses), started), durable=False)
        for index, run in enumerate(runs):
            curves: dict[str, list[float | None]] = {
                "train_loss": train[index].tolist(),
                "val_loss": val[index].tolist(),
                "running_loss": train[index].tolist(),
                "train_accuracy": np.exp(-train[index] / 2).tolist(),
                "val_accuracy": np.exp(-val[index] / 2).tolist(),
            }
            writer.append("runs", run_record(run, "complete", curves, self.epochs), durable=False)
        writer.close()
        return folder


def search(configurations: int, draw: int = 0) -> list[Planned]:
    """A search over placement, rate, learning rate and width, with a baseline for each of its 20 contexts.

    Planted: `hump` over placement and rate, and 0.03 for the middle one of five learning rates.
    """
    generator = np.random.default_rng(draw)
    rates = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
    contexts = [{"optimizer.lr": lr, "model.width": width} for lr in rates for width in (32, 64, 128, 256)]
    better = {lr: 0.03 - 0.015 * abs(place - 2) for place, lr in enumerate(rates)}
    plan = {}
    for params in contexts:
        one = planned("hidden", 0.0, better=better[params["optimizer.lr"]], params=params, epochs=50)
        plan[one.trial.key] = one
    while len(plan) < configurations:
        params = contexts[generator.integers(len(contexts))]
        placement, rate = PLACEMENTS[generator.integers(4)], round(float(generator.uniform(0.01, 0.8)), 4)
        effect = hump(placement, rate) + better[params["optimizer.lr"]]
        one = planned(placement, rate, better=effect, params=params, epochs=50)
        plan.setdefault(one.trial.key, one)
    return list(plan.values())


def default(draw: int = 0, **more: Any) -> Large:
    """The default grid, 25 configurations."""
    return Large(grid(effect=hump, epochs=50), draw=draw, **more)
