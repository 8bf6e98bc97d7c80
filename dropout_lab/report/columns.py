"""The documentation of the frames' columns: unit, if any, and meaning."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from dropout_lab.report.load import Frames
from dropout_lab.report.tables.catalogue import TABLES
from dropout_lab.report.tables.units import unit_of


class Column(NamedTuple):
    unit: str
    """Empty for text and identifiers."""
    meaning: str


LOSS = "nats; regression: variances of the training target"
"""Mean cross-entropy of an example, or mean squared error of the standardised target."""

SITE, SWEPT = "rates.<site>", "<swept setting>"
"""Columns that a sweep has once per site that drops anywhere, and once per swept setting."""

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

_AT = {"": "at the best epoch", "_last": "at the last epoch"}

_PARTS = {
    "train": "the fixed part of the training data, dropout off",
    "val": "the validation part",
    "test": "the test part",
}

_RUNS = {
    "id": _OWNERS["id"],
    "key": _OWNERS["key"],
    "seed": _OWNERS["seed"],
    "attempt": Column("", "1, or more where a failed run was tried again; the last attempt is the one in the frame"),
    "status": Column("", "complete, pruned or failed"),
    "reason": Column("", "why it failed or was pruned; missing for a complete run"),
    "traceback": Column("", "of a failure of the program; missing for others"),
    "epochs": Column("epochs", "trained; fewer than the horizon if it was stopped, pruned or failed"),
    "stopped_early": Column("true, false", "whether early stopping ended it"),
    "seconds": Column("s", "its share of the time in which its cohort trained"),
    "session": Column("", "which of the commands given to the folder trained it, from 0"),
    "width": Column("lanes", "of its cohort: runs that were trained at once"),
    "compiled": Column("true, false", "whether its training step was compiled"),
    "threads": Column("threads", "of the processor that trained its cohort"),
    "best_epoch": Column("epoch, from 1", "the first with the lowest validation loss"),
    **{
        f"{part}_{metric}{end}": Column(unit, f"{metric} on {_PARTS[part]}, {when}")
        for end, when in _AT.items()
        for part in ("train", "val")
        for metric, unit in (("loss", LOSS), ("accuracy", "fraction"))
    },
    **{f"gap_loss{end}": Column(LOSS, f"validation minus train loss {when}") for end, when in _AT.items()},
    **{
        f"gap_accuracy{end}": Column("percentage points", f"train minus validation accuracy {when}")
        for end, when in _AT.items()
    },
    "epochs_to_convergence": Column("epoch, from 1", "the first within 1 % of the run's own best validation loss"),
    "still_improving": Column("1 or 0", "whether the best epoch lies in the last tenth of the horizon"),
    "chance_loss": Column(LOSS, "validation loss of always answering with the training part's frequencies, or mean"),
    "learned": Column("1 or 0", "whether the best validation loss is below 0.99 times the chance_loss"),
    "diverged": Column(
        "1 or 0",
        "whether the train loss ends above 100 times the chance_loss, or at the chance_loss or above and 100 times its "
        "own lowest or more",
    ),
    "test_loss": Column(LOSS, f"loss on {_PARTS['test']}, with the weights of the best epoch"),
    "test_accuracy": Column("fraction", f"accuracy on {_PARTS['test']}, with the weights of the best epoch"),
    "test_ece": Column("fraction", "calibration error on the test part, over 15 bins of confidence"),
    "test_loss_mc": Column("nats", "test loss of the mean over masks (trainer.mc_samples, Monte Carlo dropout)"),
    "test_accuracy_mc": Column("fraction", "test accuracy of the mean over masks"),
    "test_ece_mc": Column("fraction", "calibration error of the mean over masks"),
    "entropy_mc": Column("nats", "entropy of the mean over masks, mean over the test part"),
    "information_mc": Column("nats", "mutual information of answer and mask: what the masks disagree about"),
    **{name: column for name, column in _TRIALS.items() if name != "key"},
}

_CURVES = {
    "id": _OWNERS["id"],
    "epoch": Column("epoch, from 1", "of the run"),
    "train_loss": Column(LOSS, f"loss on {_PARTS['train']}, after the epoch"),
    "train_accuracy": Column("fraction", f"accuracy on {_PARTS['train']}, after the epoch"),
    "val_loss": Column(LOSS, f"loss on {_PARTS['val']}, after the epoch"),
    "val_accuracy": Column("fraction", f"accuracy on {_PARTS['val']}, after the epoch"),
    "running_loss": Column("of the training loss", "mean over the epoch's steps, with dropout on"),
    "trial": _OWNERS["trial"],
    "key": _OWNERS["key"],
    "seed": _OWNERS["seed"],
}

_LEARNED = {
    "id": _OWNERS["id"],
    "epoch": _CURVES["epoch"],
    "site": Column("", "whose method learns"),
    "quantity": Column("", "rate, of a site with several their mean; sparsity, the share of weights left out"),
    "value": Column("probability, or fraction", "of the quantity, after the epoch"),
    "trial": _OWNERS["trial"],
    "key": _OWNERS["key"],
    "seed": _OWNERS["seed"],
}

_LANES = {
    "session": _RUNS["session"],
    "worker": Column("", "which worker of the command, from 0"),
    "cohort": Column("", "which cohort of the worker in this command, from 0: a structure at a width"),
    "width": Column("lanes", "runs that it could train at once"),
    "used": Column("lanes", "that trained a run in this epoch"),
    "started": Column("s since 1970", "when the epoch began"),
    "seconds": Column("s", "how long it took, training and measuring"),
}

COLUMNS = {"trials": _TRIALS, "runs": _RUNS, "curves": _CURVES, "learned": _LEARNED, "lanes": _LANES}
"""Frame -> column -> its documentation, in order. Accuracies are missing for regression."""

ONLY_SOMETIMES = frozenset(
    ("test_ece", "test_loss_mc", "test_accuracy_mc", "test_ece_mc", "entropy_mc", "information_mc", SITE, SWEPT)
)
"""Columns that some sweeps lack: calibration needs classes, columns in _mc need trainer.mc_samples."""


def column(frame: str, name: str, frames: Frames) -> Column:
    """The documentation of a column of a sweep's frame; raises KeyError for an undocumented one."""
    known = COLUMNS[frame]
    if name in known:
        return known[name]
    if re.match(r"rates\.", name) and SITE in known:
        return known[SITE]
    if name in frames.parameters and SWEPT in known:
        return known[SWEPT]
    raise KeyError(f"the column {name} of {frame} is not documented")


def described(frames: Frames) -> pd.DataFrame:
    """One row per column of the frames of a sweep: frame, column, unit, meaning."""
    rows = [
        (frame, str(name), *column(frame, str(name), frames))
        for frame in COLUMNS
        for name in getattr(frames, frame).columns
    ]
    return pd.DataFrame(rows, columns=["frame", "column", "unit", "meaning"])


_COUNTS = {
    "n_complete": Column("runs", "complete"),
    "n_pruned": Column("runs", "pruned"),
    "n_failed": Column("runs", "failed"),
    "n_missing": Column("runs", "without a record"),
    "n_stopped": Column("runs", "complete, ended by early stopping"),
    "n_improving": Column("runs", "complete, with the best epoch in the last tenth of the horizon"),
    "n_unlearned": Column("runs", "complete, that learned nothing (see learned)"),
    "n_diverged": Column("runs", "complete, whose train loss diverged though finite (see diverged)"),
    "target": Column(LOSS, "the baseline's level: median over its seeds of their best validation loss"),
    "n_reached": Column("runs", "that reached the target"),
    "n_timed": Column("runs", "with a curve and a target"),
    "epochs_to_target": Column("epochs", "Kaplan-Meier median; infinite where half of the runs never got there"),
    "whole": Column(
        "true, false", "whether all seeds are complete and most of them learned something: only such are ranked"
    ),
    "front": Column("true, false", "several objectives: no other is as good in all and better in one"),
    "name": Column("", "the configuration in words"),
    "best_epoch": Column("epoch, from 1", "mean over complete runs"),
    "epochs_to_convergence": Column(
        "epoch, from 1",
        "mean over complete runs not stopped early: the first within 1 % of the run's own best validation loss",
    ),
    "seconds": Column("s", "mean over complete runs"),
}

_ENDINGS = {
    "_diff_n": ("pairs", "seeds that both have"),
    "_diff_low": (None, "95 % t interval of the difference, lower bound"),
    "_diff_high": (None, "95 % t interval of the difference, upper bound"),
    "_diff": (None, "mean difference to the baseline of the context (or report.baseline), paired by seed"),
    "_p_holm": ("probability", "p, corrected by Holm for all comparisons of the metric"),
    "_p": ("probability", "two-sided p of the paired t test"),
    "_low": (None, "95 % t interval over seeds, cut to what a mean can be, lower bound"),
    "_high": (None, "95 % t interval over seeds, cut to what a mean can be, upper bound"),
}
"""Endings of columns computed from a metric of the runs, with their unit (None: the metric's) and meaning."""


def of_configurations(name: str, frames: Frames) -> Column:
    """The documentation of a column of trials.csv."""
    if name in _COUNTS:
        return _COUNTS[name]
    for ending, (unit, meaning) in _ENDINGS.items():
        metric = name.removesuffix(ending)
        if metric != name and metric in _RUNS:
            return Column(_RUNS[metric].unit if unit is None else unit, f"{metric}: {meaning}")
    if name in frames.trials:
        return column("trials", name, frames)
    return Column(_RUNS[name].unit, f"mean over complete runs: {_RUNS[name].meaning}")


def described_tables(tables: Mapping[str, pd.DataFrame], table: pd.DataFrame, frames: Frames) -> pd.DataFrame:
    """One row per column of trials.csv, which is `table`, and of the files in tables/; as `described`."""
    rows = [("trials.csv", str(name), *of_configurations(str(name), frames)) for name in table]
    for title in tables:
        for name, known in TABLES[title].columns.items():
            rows.append((f"tables/{title}", name, unit_of(title, name), known.meaning))
    return pd.DataFrame(rows, columns=["frame", "column", "unit", "meaning"])


_CONFIDENCE = {
    "trial": _OWNERS["trial"],
    "name": _COUNTS["name"],
    "members": Column("networks", "in the ensemble: complete runs with predictions"),
    "ensemble_loss": Column("nats", "test loss of the mean of the networks' probabilities"),
    "ensemble_accuracy": Column("fraction", "test accuracy of the mean of the networks' probabilities"),
    "ensemble_ece": Column("fraction", "calibration error of the mean of the networks' probabilities, over 15 bins"),
}


def described_confidence(table: pd.DataFrame, frames: Frames) -> pd.DataFrame:
    """One row per column of confidence.csv, which is `table`; as `described`."""
    rows = [
        ("confidence.csv", str(name), *(_CONFIDENCE.get(str(name)) or of_configurations(str(name), frames)))
        for name in table
    ]
    return pd.DataFrame(rows, columns=["frame", "column", "unit", "meaning"])


def as_markdown() -> str:
    """The documentation of all columns, dropout_lab/report/frames.md."""
    lines = [
        "# The frames of a sweep, column by column",
        "",
        '`dropout_lab.load("outputs/x")` returns them as pandas frames: `.trials` has a row per configuration, `.runs`',
        "a row per training (of a trial and a seed the last attempt), `.curves` a row per epoch of these, `.learned`",
        "one per site, quantity and epoch of those whose methods learn (a rate); mostly it is empty; `.lanes` has one",
        "per epoch of a cohort, whose lanes trained these runs and others that were interrupted. A sweep has",
        f"the columns `{SITE}` of the sites that drop anywhere, and the settings that it swept; calibration is there",
        "for classification, what ends in `_mc` with `trainer.mc_samples=`. Accuracies are missing for regression.",
        "What was not measured is missing (NaN or None).",
        "",
        "Written by `python -m dropout_lab.report.columns > dropout_lab/report/frames.md`.",
    ]
    for frame, columns in COLUMNS.items():
        lines += ["", f"## {frame}", "", "| column | unit | meaning |", "|---|---|---|"]
        lines += [f"| `{name}` | {about.unit} | {about.meaning} |" for name, about in columns.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(as_markdown(), end="")
