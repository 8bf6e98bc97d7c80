"""The documentation of the frames' columns: unit, if any, and meaning."""

import re
from collections.abc import Mapping

import pandas as pd

from dropout_lab.core.metrics.lookup import LAST, metric_of, per_epoch, run_fields
from dropout_lab.core.metrics.measured import Measured
from dropout_lab.core.metrics.metric import Metric, PerEpoch
from dropout_lab.report.frames.column import Column
from dropout_lab.report.frames.load import Frames

SITE, SWEPT = "rates.<site>", "<swept setting>"
"""Columns that a sweep has once per site that drops anywhere, and once per swept setting."""


_AT = {"": "at the best epoch", LAST: "at the last epoch"}


_OWNERS = {
    "trial": Column("", "number of the configuration, in the order in which the study got them; 0 is the first"),
    "key": Column("", "hash of the configuration: the same in every folder that has it"),
    "seed": Column("", "which initial weights, split and batches; the same for every configuration"),
    "id": Column("", "the run's identity: key, seed and attempt"),
}


_TRIALS = {
    "trial": _OWNERS["trial"],
    "key": _OWNERS["key"],
    "context": Column("", "hash of all settings but dropout's: configurations that share it share a baseline"),
    "baseline": Column("true, false", "no site drops"),
    "placement": Column("", "its name; none for a baseline; missing where rates are given by site"),
    "rate": Column("probability of dropping", "of the placement; missing where rates are given by site"),
    "dropout": Column("", "name of the method; where sites differ, the methods with their sites"),
    "schedule": Column("", "name of the rate's course over the steps"),
    "horizon": Column("epochs", "trainer.epochs: how many a run has unless it is stopped or pruned"),
    "patience": Column("epochs", "trainer.patience; missing without early stopping"),
    "precision": Column("", "trainer.precision: float32 or bfloat16"),
    SWEPT: Column("its own", "the value of a swept setting, e.g. optimizer.lr; of what is no number or word, its JSON"),
    SITE: Column("probability of dropping", "at the site; 0 where it does not drop"),
}


_RUN = {
    "id": _OWNERS["id"],
    "key": _OWNERS["key"],
    "seed": _OWNERS["seed"],
    "attempt": Column("", "1, or more where a failed run was tried again; the last attempt is the one in the frame"),
    "status": Column("", "complete, pruned or failed"),
    "reason": Column("", "why it failed or was pruned; missing for a complete run"),
    "traceback": Column("", "of a failure of the program; missing for others"),
    "epochs": Column("epochs", "trained; fewer than the horizon if it was stopped, pruned or failed"),
    "stopped_early": Column("true, false", "whether early stopping ended it"),
    "session": Column("", "which of the commands given to the folder trained it, from 0"),
    "width": Column("lanes", "of its cohort: runs that were trained at once"),
    "compiled": Column("true, false", "whether its training step was compiled"),
    "threads": Column("threads", "of the processor that trained its cohort"),
}


def of_runs() -> Mapping[str, Column]:
    measured = {
        metric.field if isinstance(metric, Measured) else name: _of_run(name, metric)
        for name, metric in run_fields().items()
    }
    return {**_RUN, **measured, **{name: column for name, column in _TRIALS.items() if name != "key"}}


def _of_run(name: str, metric: Metric) -> Column:
    when = f", {_AT[LAST if name.endswith(LAST) else '']}" if isinstance(metric, PerEpoch) else ""
    return Column(metric.unit.described, metric.meaning + when)


_EPOCH = Column("epoch, from 1", "of the run")


def _curves() -> Mapping[str, Column]:
    measured = {
        metric.name: Column(metric.unit.described, f"{metric.meaning}, after the epoch")
        for metric in per_epoch()
        if metric.in_curves
    }
    owners = {name: _OWNERS[name] for name in ("trial", "key", "seed")}
    return {"id": _OWNERS["id"], "epoch": _EPOCH, **measured, **owners}


_LEARNED = {
    "id": _OWNERS["id"],
    "epoch": _EPOCH,
    "site": Column("", "whose method learns"),
    "quantity": Column("", "rate, of a site with several their mean; sparsity, the share of weights left out"),
    "value": Column("probability, or fraction", "of the quantity, after the epoch"),
    "trial": _OWNERS["trial"],
    "key": _OWNERS["key"],
    "seed": _OWNERS["seed"],
}


_LANES = {
    "session": _RUN["session"],
    "worker": Column("", "which worker of the command, from 0"),
    "cohort": Column("", "which cohort of the worker in this command, from 0: a structure at a width"),
    "width": Column("lanes", "runs that it could train at once"),
    "used": Column("lanes", "that trained a run in this epoch"),
    "started": Column("s since 1970", "when the epoch began"),
    "seconds": Column("s", "how long it took, training and measuring"),
}


def columns() -> Mapping[str, Mapping[str, Column]]:
    """Frame -> column -> what it is, in the order of the documentation. Accuracies are missing for regression."""
    return {"trials": _TRIALS, "runs": of_runs(), "curves": _curves(), "learned": _LEARNED, "lanes": _LANES}


def column(frame: str, name: str, frames: Frames) -> Column:
    """What a column of a sweep's frame is; raises KeyError for one that is not documented."""
    known = columns()[frame]
    if name in known:
        return known[name]
    if re.match(r"rates\.", name) and SITE in known:
        return known[SITE]
    if isinstance(metric := metric_of(name), Measured) and metric.field in known:
        return known[metric.field]
    if name in frames.parameters and SWEPT in known:
        return known[SWEPT]
    if frame == "runs" and (frames.asked.get("settings") or {}).get("measure"):
        return Column("", "found by a measure of the sweep's own")
    raise KeyError(f"the column {name} of {frame} is not documented")


def described(frames: Frames) -> pd.DataFrame:
    """One row per column of the frames of a sweep: frame, column, unit, meaning."""
    rows = [
        (frame, str(name), *column(frame, str(name), frames)[:2])
        for frame in columns()
        for name in getattr(frames, frame).columns
    ]
    return pd.DataFrame(rows, columns=["frame", "column", "unit", "meaning"])


def as_markdown() -> str:
    """The documentation of all columns, dropout_lab/report/frames/frames.md."""
    lines = [
        "# The frames of a sweep, column by column",
        "",
        '`dropout_lab.load("outputs/x")` returns them as pandas frames: `.trials` has a row per configuration, `.runs`',
        "a row per training (of a trial and a seed the last attempt), `.curves` a row per epoch of these, `.learned`",
        "one per site, quantity and epoch of those whose methods learn (a rate); mostly it is empty; `.lanes` has one",
        "per epoch of a cohort, whose lanes trained these runs and others that were interrupted. A sweep has",
        f"the columns `{SITE}` of the sites that drop anywhere, and the settings that it swept; calibration is there",
        "for classification, what ends in `_mc` with `trainer.mc_samples=`. Accuracies are missing for regression.",
        "What `measure=` measures is there where it was asked for, in a column for each level or site.",
        "What was not measured is missing (NaN or None).",
        "",
        "Written by `python -m tests.docs.tables`.",
    ]
    for frame, known in columns().items():
        lines += ["", f"## {frame}", "", "| column | unit | meaning |", "|---|---|---|"]
        lines += [f"| `{name}` | {about.unit} | {about.meaning} |" for name, about in known.items()]
    return "\n".join(lines) + "\n"
