"""The store as data frames: one row per trial, per run, per run and epoch."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dropout_lab.config.roles import by_site, is_dropout
from dropout_lab.core.errors import UserError
from dropout_lab.core.metrics.lookup import objectives, run_fields
from dropout_lab.core.metrics.metric import BEST_BY, Metric
from dropout_lab.core.trial import DROPOUT_KEYS, canonical_json
from dropout_lab.records import predictions, store
from dropout_lab.records.fields import Record
from dropout_lab.report.frames.curves import read_curves
from dropout_lab.report.frames.lanes import lanes, no_lanes
from dropout_lab.report.frames.learned import learned, no_learned

LABEL = ("placement", "rate", "dropout", "schedule")


@dataclass(frozen=True)
class Frames:
    """A sweep, as far as it has got.

    `trials`: trial, key, context, baseline, placement, rate, dropout, schedule, horizon (epochs planned), patience,
    a column per other swept parameter but rates and methods of patterns, and a column `rates.<site>` per site that
    drops anywhere.
    `runs`: for each trial and seed, its last attempt, and the columns of its trial.
    `curves`: trial, key, seed, id, epoch and the metrics of an epoch, of these runs only.
    `reference`: number of the trial that all others are compared with; None: each with the baseline of its context.
    `learned`: a row per site, quantity and epoch of those of them whose methods learn, such as a rate.
    `lanes`: a row per epoch of a cohort: how many of its lanes trained a run, of all commands and workers.
    `folder`: the sweep's, which holds its predictions.
    """

    name: str
    trials: pd.DataFrame
    runs: pd.DataFrame
    curves: pd.DataFrame
    sessions: Sequence[Record]
    parameters: Sequence[str]
    notes: Sequence[str]
    reference: int | None = None
    learned: pd.DataFrame = field(default_factory=no_learned)
    lanes: pd.DataFrame = field(default_factory=no_lanes)
    folder: Path | None = None

    @property
    def asked(self) -> Record:
        """The session record of the last command."""
        return self.sessions[-1] if self.sessions else {}

    @property
    def axes(self) -> Mapping[str, Any]:
        return self.asked.get("axes") or {}

    @property
    def seeds(self) -> int:
        """The number of seeds planned for each trial."""
        return int(self.asked.get("seeds") or max(1, self.runs["seed"].nunique()))

    @property
    def is_classification(self) -> bool:
        return bool(self.runs["val_accuracy"].notna().any())

    @property
    def is_language_model(self) -> bool:
        """Whether losses are nats per token of a continuous text, so that their exponentials are perplexities."""
        return self.asked.get("task") == "language_modelling"

    @property
    def is_multilabel(self) -> bool:
        """Whether an example has several labels or none, so that an accuracy is the share of right labels."""
        return self.asked.get("task") == "multilabel"

    @property
    def objectives(self) -> Sequence[str]:
        known = objectives()
        asked = [known[name].name if name in known else name for name in self.asked.get("objective") or ["val_loss"]]
        return [name for name in asked if name in self.runs] or ["val_loss"]

    @property
    def best_by(self) -> str | None:
        """The metric by which the best epoch of a run was chosen: `trainer.best`; None where that is swept."""
        if "trainer.best" in self.parameters:
            return None
        trainer = (self.asked.get("settings") or {}).get("trainer") or {}
        return str(trainer.get("best") or BEST_BY)

    @property
    def pruner(self) -> str:
        return str(self.asked.get("pruner") or "none")

    @property
    def context_parameters(self) -> Sequence[str]:
        return [name for name in self.parameters if not is_dropout(name)]


def load(folder: Path, reference: int | None = None) -> Frames:
    """Load the frames of a sweep folder, finished or not; raises UserError for another folder or a damaged one.

    `reference`: see `Frames`; raises UserError for a number that no trial with a complete run has.
    """
    records = store.read(folder, without=("curves", "cohorts"))
    notes = list(records.torn)
    trials, parameters = _trials(records.trials)
    seeds = records.sessions[-1]["seeds"] if records.sessions else math.inf
    asked = [run for run in records.runs if run["seed"] < seeds]
    if len(asked) < len(records.runs):
        notes.append(f"the last command asked for {seeds} seeds: the runs of other seeds are in the records, not here")
    runs = _runs(asked, trials, notes)
    if reference is not None:
        _check(reference, runs, trials)
    curves = read_curves(folder, runs, notes)
    complete = runs.loc[runs["status"] == "complete", "id"]
    if without := int((~complete.isin(curves["id"].unique())).sum()):
        notes.append(f"{without} of {len(complete)} complete runs have no curve in the records: no figure has them")
    if torn := predictions.torn(folder, complete):
        others = f", and of {len(torn) - 1} other runs" if len(torn) > 1 else ""
        notes.append(f"{torn[0]}: the predictions of this run{others} are damaged and are left out")
    known, used = learned(records.learned, runs), lanes(records.lanes)
    name = folder.resolve().name
    return Frames(name, trials, runs, curves, records.sessions, parameters, notes, reference, known, used, folder)


def _check(reference: int, runs: pd.DataFrame, trials: pd.DataFrame) -> None:
    allowed = sorted(runs.loc[runs["status"] == "complete", "trial"].unique())
    if reference in allowed:
        return
    why = "has no complete run" if reference in set(trials["trial"]) else "does not exist"
    raise UserError(f"report.baseline={reference}: this trial {why}; allowed: {_ranges(allowed) or 'none yet'}")


def _ranges(numbers: Sequence[int]) -> str:
    """`0 to 4, 7, 9 to 12`."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ", ".join(" to ".join(map(str, part)) for part in parts)


def _trials(records: Sequence[Record]) -> tuple[pd.DataFrame, Sequence[str]]:
    first: dict[str, Record] = {}
    for record in records:
        first.setdefault(record["key"], record)
    kept = sorted(first.values(), key=lambda record: int(record["trial"]))
    sites = _in_order(f"rates.{site}" for record in kept for site in record["rates"])
    # Swept rates and methods of patterns are left out, because site rates and the label have them.
    parameters = [name for name in _in_order(n for r in kept for n in r["params"]) if _is_parameter(name)]
    parameters = [*parameters, *_unswept(kept, [name for name in parameters if not is_dropout(name)])]
    trainers = [record["config"].get("trainer") or {} for record in kept]
    columns: dict[str, Any] = {
        "trial": [int(record["trial"]) for record in kept],
        "key": [record["key"] for record in kept],
        "context": [record["context"] for record in kept],
        "baseline": [not record["rates"] for record in kept],
    }
    for name in LABEL:
        columns[name] = [record["label"].get(name) for record in kept]
    columns["horizon"] = [trainer.get("epochs") for trainer in trainers]
    columns["patience"] = [trainer.get("patience") for trainer in trainers]
    columns["precision"] = [trainer.get("precision", "float32") for trainer in trainers]
    for name in parameters:
        columns[name] = _plain([_setting(record, name) for record in kept])
    for name in sites:
        columns[name] = [float(record["rates"].get(name.removeprefix("rates."), 0.0)) for record in kept]
    frame = pd.DataFrame(columns)
    for name in ("placement", "dropout", "schedule", "key", "context"):
        frame[name] = frame[name].astype(object)
    for name in ("rate", "horizon", "patience"):
        frame[name] = pd.to_numeric(frame[name]).astype(float)
    return frame.astype({"trial": int, "baseline": bool}), parameters


def _unswept(records: Sequence[Record], swept: Sequence[str]) -> Sequence[str]:
    """Settings that differ between contexts although they were not swept.

    They refer to a swept setting, or come from commands that fixed what others swept.
    """
    alike: dict[str, dict[str, Mapping[str, Any]]] = {}
    for record in records:
        place = canonical_json([_setting(record, name) for name in swept])
        contexts = alike.setdefault(place, {})
        if record["context"] not in contexts:
            sections = {name: section for name, section in record["config"].items() if name not in DROPOUT_KEYS}
            contexts[record["context"]] = _flat(sections)
    found: dict[str, None] = {}
    for contexts in alike.values():
        first, *others = contexts.values()
        for other in others:
            differs = [name for name in {**first, **other} if first.get(name) != other.get(name)]
            found |= dict.fromkeys(name for name in differs if name not in swept)
    return list(found)


def _setting(record: Record, name: str) -> Any:
    """A trial's value of a swept setting: as it was swept, else from the trial's configuration."""
    return record["params"][name] if name in record["params"] else _flat(record["config"]).get(name)


def _flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested config as dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) and value else {f"{prefix}{key}": value}
    return flat


def _is_parameter(name: str) -> bool:
    return name not in LABEL and name.split(".")[0] not in by_site()


def _runs(records: Sequence[Record], trials: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    winners: dict[tuple[str, int], Record] = {}
    known = set(trials["key"])
    strangers = 0
    for record in records:
        place = (record["key"], int(record["seed"]))
        if record["key"] not in known:
            strangers += 1
        # Workers write files of their own, so the order of records is the order of time only within a file.
        elif place not in winners or record["attempt"] >= winners[place]["attempt"]:
            winners[place] = record
    if strangers:
        notes.append(f"{strangers} runs belong to no recorded trial and are left out")
    plain = ("id", "key", "seed", "attempt", "status", "reason", "traceback", "epochs", "stopped_early", "seconds")
    columns: dict[str, Any] = {name: [run.get(name) for run in winners.values()] for name in (*plain, "session")}
    measured = [name for name, metric in run_fields().items() if name not in columns and _has_column(metric)]
    taken = {*columns, *measured, "width"}
    extra = _in_order(n for r in winners.values() for n in r if n not in taken)
    columns["width"] = [run.get("width") for run in winners.values()]
    columns |= {name: np.array([r.get(name) for r in winners.values()], dtype=np.float64) for name in measured}
    frame = pd.DataFrame(columns | {name: _plain([r.get(name) for r in winners.values()]) for name in extra})
    for name in ("id", "key", "status", "reason", "traceback"):
        frame[name] = frame[name].astype(object)
    frame["stopped_early"] = [bool(value) for value in frame["stopped_early"]]
    frame["seconds"] = pd.to_numeric(frame["seconds"]).astype(float)
    frame["epochs"] = [int(value or 0) for value in frame["epochs"]]
    frame = frame.astype({"seed": int, "epochs": int, "stopped_early": bool})
    joined = trials[[name for name in trials if name == "key" or name not in frame]]
    return frame.merge(joined, on="key", how="left").sort_values(["trial", "seed"], ignore_index=True)


def _has_column(metric: Metric) -> bool:
    """Whether the frame of runs has the metric where no run has it, too."""
    return not metric.optional


def _in_order(names: Iterable[str]) -> Sequence[str]:
    return list(dict.fromkeys(names))


def _plain(values: Sequence[Any]) -> Sequence[Any]:
    """`values` if all are numbers or all are text, else each as JSON, so that a column has one type."""
    seen = {type(value) for value in values if value is not None}
    if seen <= {int, float} or seen <= {bool} or seen <= {str}:
        return values
    return [value if value is None or isinstance(value, str) else canonical_json(value) for value in values]
