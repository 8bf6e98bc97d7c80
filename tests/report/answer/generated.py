"""Sweeps drawn at random, as frames in memory: every shape, outcome and objective that a sweep may have."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.lookup import curve_names
from dropout_lab.core.metrics.metric import Ended
from dropout_lab.core.metrics.summary import summary
from dropout_lab.core.trial import Run, canonical_json
from dropout_lab.report.answer.answer import Answer, answer
from dropout_lab.report.frames import column
from dropout_lab.report.frames.load import Frames, _runs, _trials
from dropout_lab.report.topics.differences.comparisons import comparisons
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.outline import tables
from dropout_lab.report.write.write import evidence_of
from tests.report.canned import SESSION, Planned, planned, run_record, trial_record
from tests.report.on_demand import OnDemand

FOLDED = ("best_epoch", "convergence", "gaps", "optimism", "time_ratio")
"""The tables of the sentences of the folded sections, which take longer."""

FOLDER = Path("outputs/some sweep")

OBJECTIVES = (["val_loss"],) * 6 + (["val_accuracy"],) * 3 + (["val_loss", "gap"], ["gap"], ["epochs_to_convergence"])


@dataclass(frozen=True)
class Drawn:
    """A sweep, whether it is running, and what the report makes of it."""

    draw: int
    evidence: Evidence
    answer: Answer


def drawn(draw: int, folded: bool = False) -> Drawn:
    """The sweep number `draw`, and its answer; `folded`: with the sentences of the folded sections."""
    generator = np.random.default_rng(draw)
    found = evidence_of(_frames(generator), OnDemand if folded else Unfolded)
    return Drawn(draw, found, answer(found, FOLDER, bool(generator.random() < 0.1)))


class Unfolded(OnDemand):
    """Without the tables of `FOLDED`, which have no rows, and with the comparisons of the objective alone."""

    def make(self, name: str) -> pd.DataFrame:
        if name in FOLDED:
            return empty(name)
        if name == "comparisons":
            return comparisons(self.frames, self.table, metrics=self.frames.objectives[:1])
        return super().make(name)


@cache
def empty(name: str) -> pd.DataFrame:
    return column.made(tables()[name].columns)


def _frames(generator: np.random.Generator) -> Frames:
    chance = generator.random
    plan = _plan(generator)
    seeds = int(generator.choice([1, 2, 2, 3, 3, 4, 5, 5, 6, 10]))
    epochs = int(generator.choice([1, 3, 8, 12]))
    objective = list(OBJECTIVES[generator.integers(len(OBJECTIVES))])
    is_class = bool(chance() < 0.75) or "val_accuracy" in objective
    size = 1.0 if is_class else float(10 ** generator.uniform(-6, 6))
    records = [trial_record(number, one) for number, one in enumerate(plan)]
    trials, parameters = _trials([json.loads(canonical_json(record)) for record in records])
    runs, curves = [], []
    for record, lines in _trained(generator, plan, seeds, epochs, size, is_class):
        runs.append(record)
        curves.append(lines)
    notes: list[str] = []
    frame = _runs(runs, trials, notes)
    complete = frame.loc[frame["status"] == "complete", "trial"].unique()
    reference = int(generator.choice(complete)) if len(complete) and chance() < 0.15 else None
    session = _session(generator, seeds, epochs, objective)
    return Frames("drawn", trials, frame, _curves(frame, curves), [session], parameters, notes, reference)


def _plan(generator: np.random.Generator) -> Sequence[Planned]:
    """Placement x rate, or rates of sites, in one context or several, with and without baselines and methods."""
    chance = generator.random
    names = ["input", "hidden", "everywhere", "$a|b", "place 4"][: int(generator.choice([1, 1, 2, 2, 3, 5]))]
    steps = generator.choice([0.05, 0.1, 0.2]) * np.arange(1, generator.choice([2, 3, 4, 4, 6]))
    rates = [round(float(rate), 3) for rate in steps if rate < 1]
    if chance() < 0.15:
        rates = [round(float(rate), 4) for rate in generator.uniform(0.001, 0.8, size=len(rates))]
    methods = ["standard", "gaussian"] if chance() < 0.2 else ["standard"]
    contexts: Sequence[Mapping[str, Any]] = [{}]
    if chance() < 0.25:
        name = ("optimizer.lr", "model.width", "dataset.classes", "dataset.limit")[generator.integers(4)]
        contexts = [{name: value} for value in (1, 10, 100)[: int(generator.integers(2, 4))]]
    size, scale = generator.choice([0.0, 0.0, 1.0, 1.0, -1.0]), 10 ** generator.uniform(-3, 0)
    plan: dict[str, Planned] = {}
    for context in contexts:
        shift = 0.1 * generator.normal()
        ones = [] if chance() < 0.1 else [planned("hidden", 0.0, params=context)]
        if chance() < 0.1:
            ones += [
                planned(None, None, rates={"input": rate, "hidden.0": rates[-1 - place]}, params=context)
                for place, rate in enumerate(rates)
            ]
        elif chance() < 0.95:
            ones += [
                planned(name, rate, method=method, params=context)
                for name in names for method in methods for rate in rates if chance() < 0.95
            ]  # fmt: skip
        for one in ones:
            rate = max(one.trial.rates.values(), default=0.0)
            one.better = shift + size * scale * (1 - ((rate - 0.3) / 0.3) ** 2) * (rate > 0)
            one.better += float(generator.choice([0, 0.01, scale])) * float(generator.normal()) * (rate > 0)
            plan.setdefault(one.trial.key, one)
    return list(plan.values())


def _trained(
    generator: np.random.Generator, plan: Sequence[Planned], seeds: int, epochs: int, size: float, is_class: bool
) -> Iterator[tuple[dict[str, Any], Mapping[str, Any]]]:
    """The record and the curves of every run that has a record."""
    chance = generator.random
    noise, common = float(generator.choice([0.0, 1e-6, 0.003, 0.03, 0.3])), float(generator.choice([0.0, 0.05]))
    fates = {
        name: share if chance() < 0.25 else 0.0 for name, share in {"failed": 0.1, "absent": 0.1, "pruned": 0.1}.items()
    }
    if chance() < 0.08:
        fates[("failed", "absent", "pruned")[generator.integers(3)]] = float(generator.choice([0.6, 1.0]))
    bad = {0.0: float(generator.choice([0, 0, 0, 0.7])), 1.0: float(generator.choice([0, 0, 0.3]))}
    kind = ("learned nothing", "diverged")[generator.integers(2)]
    improving, stopped = chance() < 0.3, chance() < 0.1
    knows_chance = chance() < 0.8
    shifts = common * generator.normal(size=seeds)
    for number, one in enumerate(plan):
        rate = max(one.trial.rates.values(), default=0.0)
        spoilt = chance() < bad[0.0 if rate == 0 else 1.0] and chance() < 0.5
        for seed in range(seeds):
            status = next((name for name, share in fates.items() if chance() < share), "complete")
            if status == "absent":
                continue
            length = {"complete": epochs, "pruned": max(1, epochs // 3), "failed": 1}[status]
            early = stopped and status == "complete" and length > 3
            length = length - 2 if early else length
            epoch = np.arange(1, length + 1)
            floor = max(0.05, 0.5 + shifts[seed] + noise * generator.normal() - one.better)
            falls = 1.0 / epoch if improving else 0.5 ** (epoch - 1)
            val = floor + 0.8 * falls + (0.0 if improving else 0.01 * epoch) + noise / 10 * generator.random(length)
            train = 0.1 + 0.8 * falls + rate / 5
            if spoilt and status == "complete":
                val = np.full(length, 3.0) if kind == "learned nothing" else 1.0 * 10 ** np.minimum(epoch, 9)
                train = val
            lines = _lines(size * val, size * train, is_class)
            record = run_record(Run(one.trial, number, seed), status, lines, epochs)
            if status != "failed":
                known = 2.2 * size if knows_chance else None
                record |= summary(Ended(lines, epochs, chance_loss=known))
                loss = size * (val.min() + 0.01 * generator.normal())
                record |= {"test_loss": abs(loss), "test_accuracy": math.exp(-loss / 2) if is_class else None}
            elif chance() < 0.5:
                record["reason"] = "diverged: val_loss is not finite"
            yield record | {"stopped_early": early}, {"id": record["id"], "epoch": epoch, **lines}


def _lines(val: Any, train: Any, is_class: bool) -> dict[str, list[float | None]]:
    columns = {"train_loss": train, "val_loss": val, "running_loss": train}
    lines: dict[str, list[float | None]] = {name: [float(x) for x in values] for name, values in columns.items()}
    for side, values in (("train", train), ("val", val)):
        lines[f"{side}_accuracy"] = [math.exp(-float(x) / 2) if is_class else None for x in values]
    return lines


def _curves(runs: pd.DataFrame, lines: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """In the form of `frames.curves.read_curves`."""
    by_id = {one["id"]: one for one in lines}
    order = [by_id[name] for name in runs["id"]]
    lengths = [len(one["epoch"]) for one in order]
    owners = {name: np.repeat(runs[name].to_numpy(), lengths) for name in ("id", "trial", "key", "seed")}
    frame = pd.DataFrame({"id": owners["id"], "epoch": [epoch for one in order for epoch in one["epoch"]]})
    for name in curve_names():
        frame[name] = pd.Series([value for one in order for value in one[name]], dtype=float)
    for name in ("trial", "key", "seed"):
        frame[name] = owners[name]
    return frame.astype({"id": object, "key": object, "trial": int, "seed": int, "epoch": int})


def _session(generator: np.random.Generator, seeds: int, epochs: int, objective: Sequence[str]) -> dict[str, Any]:
    chance = generator.random
    session: dict[str, Any] = {**SESSION, "seeds": seeds, "objective": list(objective), "started": "2026-01-02"}
    session["settings"] = {**SESSION["settings"], "trainer": {"epochs": epochs}, "optimizer": {"lr": 0.001}}
    session["axes"] = [{}, {"rate": [0.0, 0.1, 0.3]}, {"rate": {"low": 0.0, "high": 0.8}}][generator.integers(3)]
    if chance() < 0.2:
        session |= {"command": "dropout-lab sweep +rate=0.1,0.3 seeds=3 'model.width=8,16' trainer.epochs=9"}
    if chance() < 0.1:
        session["command"] = None
    if chance() < 0.1:
        session |= {"n_trials": 40, "pruner": "hyperband"}
    if chance() < 0.1:
        session["task"] = "language_modelling"
    return session
