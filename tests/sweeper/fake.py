"""A trainer that trains nothing: its curves are a formula of rate, seed and epoch. And sweeps that it trains."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dropout_lab.cohort.optim import Adam
from dropout_lab.cohort.recipe import Compile, LaneUsage, Recipe, Result, RunQueue
from dropout_lab.cohort.width import ExecutionPlan, Widths
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import Config, Execution, Run, Trial
from dropout_lab.records import store
from dropout_lab.records.folder import is_sweep
from dropout_lab.sweeper.commit import commit
from dropout_lab.sweeper.plan import Plan
from dropout_lab.sweeper.prepare import prepare
from dropout_lab.sweeper.space import parse
from dropout_lab.sweeper.worker import Work
from tests.report.canned import planned

METRICS = ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "running_loss")


@dataclass(frozen=True)
class Described:
    trial: Trial
    structure: Config
    structure_without: Config
    label: Mapping[str, Any]
    warnings: Sequence[Any] = ()


@dataclass(frozen=True)
class Forecast:
    width: int = 4
    seconds: float = 1.0
    why: str = "it is made up"


def curves(rate: float, seed: int, epochs: int) -> dict[str, list[float | None]]:
    """The best rate is 0.3; a seed shifts all its runs alike."""
    shift = 0.01 * random.Random(seed).gauss(0, 1)
    losses: list[float | None] = [1 + (rate - 0.3) ** 2 + shift + 1 / epoch for epoch in range(1, epochs + 1)]
    accuracies: list[float | None] = [0.5 - 0.1 * rate - 0.1 / epoch for epoch in range(1, epochs + 1)]
    return {name: losses if name.endswith("loss") else accuracies for name in METRICS}


@dataclass
class Fake:
    """A `Trainer`. `fate` says of (rate, seed, attempt) how a run ends; `after_epoch` is called after each epoch.

    `lr` is part of a cohort's structure, so that a sweep of it needs several.
    """

    fate: Callable[[float, int, int], str] = lambda rate, seed, attempt: "complete"
    after_epoch: Callable[[int], None] = lambda epoch: None
    began: list[str] = field(default_factory=list)
    """Ids of the runs whose training has begun, in order."""
    epochs: int = 0
    """Epochs that were trained, of all cohorts."""
    cohorts: list[tuple[Config, Widths, Compile]] = field(default_factory=list)

    def describe(self, config: Config, choices: Mapping[str, str]) -> Described:
        if config["rate"] >= 1:
            raise UserError(f"rate={config['rate']}: must be below 1")
        made = planned("hidden", config["rate"], params={"optimizer.lr": config["optimizer"]["lr"]})
        structure = {"lr": config["optimizer"]["lr"]}
        return Described(made.trial, structure, structure, made.label)

    def recipe(self, run: Run) -> Recipe:
        return Recipe(run.id, run.seed, run.trial.rates, lambda progress: 1.0, Adam(lr=0.001), 4, None)

    def train(self, spec: Config, how: ExecutionPlan, runs: RunQueue) -> None:
        widths, compile = how.widths, how.compile
        self.cohorts.append((spec, widths, compile))
        execution = Execution(width=widths.most, compiled=compile in ("always", "again"), threads=how.threads or 1)
        runs.began(execution)
        lanes: dict[str, tuple[Recipe, int]] = {}
        while True:
            while len(lanes) < widths.most and (recipe := runs.next()) is not None:
                self.began.append(recipe.id)
                lanes[recipe.id] = recipe, 0
            if not lanes:
                return
            lanes = {name: (recipe, epoch + 1) for name, (recipe, epoch) in lanes.items()}
            made = {name: curves(_rate(recipe), recipe.seed, epoch) for name, (recipe, epoch) in lanes.items()}
            runs.used(LaneUsage(widths.most, len(lanes), 0.0, 1.0))
            rows = {name: [one[name][-1] for one in made.values()] for name in METRICS}
            stopped = runs.epoch({"id": list(lanes), "epoch": [epoch for _, epoch in lanes.values()], **rows})
            self.epochs += 1
            self.after_epoch(self.epochs)
            results = []
            for name, (recipe, epoch) in list(lanes.items()):
                fate = self.fate(_rate(recipe), recipe.seed, int(name.rpartition("-")[2]))
                if fate == "failed" or name in stopped or epoch == recipe.epochs:
                    status: Any = "failed" if fate == "failed" else "pruned" if name in stopped else "complete"
                    reason = None if status == "complete" else f"it {status}"
                    ended = Result(recipe, status, reason, None, made[name], False, 1.0, 0.5, 0.1, execution)
                    results.append(replace(ended, network=_kept(recipe)))
                    del lanes[name]
            if results:
                runs.done(results)

    def forecast(self, spec: Config, how: ExecutionPlan, runs: int, epochs: int) -> Forecast:
        return Forecast()

    def forecast_pretraining(self, specs: Iterable[Config], seeds: int, device: str, threads: int) -> float:
        return 0.0

    def data(self, config: Config) -> str | None:
        return None

    def data_warnings(self, config: Config) -> Sequence[str]:
        return ()

    def data_notes(self, config: Config) -> Sequence[str]:
        return ()

    def data_columns(self, config: Config) -> Sequence[Mapping[str, Any]]:
        return ()

    def structure_warnings(self, spec: Config) -> Sequence[str]:
        return ()

    def as_it_is(self, config: Config, choices: Mapping[str, str]) -> None:
        return None

    def own_rate(self, model: Config, dataset: Config) -> float | None:
        return None

    def sites(self, model: Config, dataset: Config) -> Sequence[str]:
        return ("hidden",)

    def check(self, spec: Config, seeds: int, objectives: Sequence[str], keys: Iterable[str]) -> None:
        pass

    def device(self, name: str) -> str:
        return "cpu"

    def task(self, config: Config) -> str:
        return "classification"

    def scope(self, config: Config) -> Mapping[str, Any]:
        return {}

    def processes(self, device: str, threads: int) -> int:
        return 1

    def threads(self, workers: int) -> int:
        return 1

    def best_widths(self, spec: Config, device: str) -> Widths:
        return Widths.fixed(4)


def _kept(recipe: Recipe) -> Mapping[str, Tensor] | None:
    """A network of two numbers, rate and seed, if it is asked for."""
    return {"numbers": torch.tensor([_rate(recipe), float(recipe.seed)])} if recipe.keep else None


def _rate(recipe: Recipe) -> float:
    return max(recipe.rates.values(), default=0.0)


class Compose:
    """Values of the axes -> the config, where every key has a meaning in every configuration."""

    groups: Mapping[str, str] = {}

    def __init__(self, config: Config) -> None:
        self._config = config

    def __call__(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        config = dict(self._config)
        for key, value in values.items():
            section, _, name = key.partition(".")
            config[section] = {**config[section], name: value} if name else value
        return config, {}

    def active(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return dict(values)

    def whole(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return dict(values)


def plan(folder: Path, *axes: str, workers: int = 1, **settings: Any) -> Plan:
    """A sweep command: `axes` as on the command line, the other settings as in the config."""
    config: dict[str, Any] = {
        "rate": 0.5, "optimizer": {"lr": 0.001}, "dataset": {}, "seeds": 2, "n_trials": None, "retries": 1,
        "trust": False, "baseline": True, "zip": [], "grids": [], "prune_step": "epoch", "objective": "val_loss",
        "sampler": {"_target_": "dropout_lab.sweeper.grid.Grid"}, "pruner": {"_target_": "optuna.pruners.NopPruner"},
        "trainer": {"epochs": 4, "keep_predictions": False, "keep": "none", "compile": "never", "width": "auto"},
    }  # fmt: skip
    config |= settings
    objective = config["objective"]
    return Plan(
        folder=folder,
        config=config,
        choices={"pruner": "some", "dataset": "none"},
        axes=parse(list(axes), lambda key: [])[0],
        compose=Compose(config),
        objectives=[objective] if isinstance(objective, str) else objective,
        device="cpu",
        workers=workers,
        session=len(store.read(folder).sessions) if is_sweep(folder) else 0,
    )


def begin(fake: Fake, folder: Path, *axes: str, **settings: Any) -> tuple[Work, Sequence[str]]:
    """A command up to its training: the work for its workers, and what there is to say of it."""
    prepared = prepare(plan(folder, *axes, **settings), fake)
    said = commit(prepared, "dropout-lab sweep")
    return Work(prepared.plan, fake, prepared.runs_to_train(), prepared.epochs_per_run(), threads=1), said


def sweep(fake: Fake, folder: Path, *axes: str, **settings: Any) -> Sequence[str]:
    """A whole command, by one worker; returns what there was to say before training."""
    work, said = begin(fake, folder, *axes, **settings)
    work(0)
    return said


def losses(folder: Path) -> dict[tuple[float, int], float]:
    """(rate, seed) -> validation loss of the complete runs; no run is there twice."""
    records = store.read(folder)
    rates = {trial["key"]: max(trial["rates"].values(), default=0.0) for trial in records.trials}
    found = [((rates[run["key"]], run["seed"]), run["val_loss"]) for run in records.runs if run["status"] == "complete"]
    assert len(dict(found)) == len(found), "a run was trained twice"
    return dict(found)
