"""Every number of the report, as tables: frames in, frame out, nothing drawn and nothing written.

A column `m` is a mean over complete runs, `m_low` and `m_high` its 95 % t interval over seeds. `m_diff` and its bounds
are the same for the difference to the baseline of the same context, paired by seed, `m_diff_n` the number of pairs,
`m_p` the p value of the paired t test, `m_p_holm` corrected by Holm for all such tests of the table.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dropout_lab import metrics
from dropout_lab.report.load import Frames
from dropout_lab.report.names import configuration, is_maximised, varying
from dropout_lab.report.statistics import Mean, holm, kaplan_meier_median, mean_over_seeds, paired_difference

AVERAGED = (
    "val_loss",
    "val_accuracy",
    "test_loss",
    "test_accuracy",
    "train_loss",
    "train_accuracy",
    "gap_loss",
    "gap_accuracy",
    "gap_loss_last",
    "gap_accuracy_last",
    "epochs_to_convergence",
    "best_epoch",
    "seconds",
)
COMPARED = ("val_loss", "val_accuracy", "test_loss", "test_accuracy", "gap_loss", "gap_accuracy")

BySeed = Mapping[int, float]

Row = dict[str, Any]


def configurations(frames: Frames) -> pd.DataFrame:
    """One row per trial: its settings, how its runs ended, its means, and how it differs from its baseline."""
    values = by_seed(frames)
    runs: dict[str, pd.DataFrame] = {str(key): group for key, group in frames.runs.groupby("key")}
    baselines = {str(t["context"]): str(t["key"]) for _, t in frames.trials[frames.trials["baseline"]].iterrows()}
    names = varying(frames)
    rows = []
    for _, trial in frames.trials.iterrows():
        row: Row = {"trial": trial["trial"], "name": configuration(trial, names, frames.context_parameters)}
        row |= {str(name): value for name, value in trial.items() if name != "trial"}
        row |= _outcomes(runs.get(trial["key"]), frames.seeds)
        ours = values.get(trial["key"], {})
        for metric in metrics_of(frames, AVERAGED):
            row |= _spread(metric, mean_over_seeds(list(ours.get(metric, {}).values())))
        theirs = {} if trial["baseline"] else values.get(baselines.get(trial["context"], ""), {})
        for metric in metrics_of(frames, COMPARED):
            row |= _compared(metric, paired_difference(ours.get(metric, {}), theirs.get(metric, {})))
        rows.append(row)
    table = pd.DataFrame(rows, columns=None if rows else [*frames.trials.columns, "name", "n_complete"])
    for metric in metrics_of(frames, COMPARED):
        if rows:
            table[f"{metric}_p_holm"] = holm(table[f"{metric}_p"].to_numpy(dtype=float))
    return table.merge(time_to_target(frames), on="trial", how="left") if rows else table


def metrics_of(frames: Frames, names: Sequence[str]) -> Sequence[str]:
    """`names` and the objectives, without accuracies where there are none."""
    every = dict.fromkeys([*names, *frames.objectives])
    return [name for name in every if "accuracy" not in name or frames.is_classification]


def by_seed(frames: Frames) -> Mapping[str, Mapping[str, BySeed]]:
    """Key -> metric -> seed -> value, of complete runs: what all means and differences are made from."""
    complete = frames.runs[frames.runs["status"] == "complete"]
    wanted = metrics_of(frames, (*AVERAGED, *COMPARED))
    result: dict[str, dict[str, dict[int, float]]] = {}
    columns = {name: pd.to_numeric(complete[name], errors="coerce").to_numpy(dtype=float) for name in wanted}
    for index, (key, seed) in enumerate(zip(complete["key"], complete["seed"], strict=True)):
        for name, column in columns.items():
            if math.isfinite(column[index]):
                result.setdefault(key, {}).setdefault(name, {})[int(seed)] = float(column[index])
    return result


def _outcomes(runs: pd.DataFrame | None, seeds: int) -> Row:
    if runs is None:
        return {"n_complete": 0, "n_pruned": 0, "n_failed": 0, "n_missing": seeds, "n_stopped": 0, "n_improving": 0}
    complete = runs[runs["status"] == "complete"]
    return {
        "n_complete": len(complete),
        "n_pruned": int((runs["status"] == "pruned").sum()),
        "n_failed": int((runs["status"] == "failed").sum()),
        "n_missing": max(0, seeds - len(runs)),
        "n_stopped": int(complete["stopped_early"].sum()),
        "n_improving": int((complete["still_improving"] == 1).sum()),
    }


def _spread(metric: str, mean: Mean) -> Row:
    return {metric: mean.mean, f"{metric}_low": mean.low, f"{metric}_high": mean.high}


def _compared(metric: str, mean: Mean) -> Row:
    spread = _spread(f"{metric}_diff", mean)
    return {**spread, f"{metric}_diff_n": mean.n, f"{metric}_p": mean.p}


def run_times(frames: Frames) -> pd.DataFrame:
    """Per run with a curve and a target: trial, seed, target, `epochs` until it reached it, or (censored) it trained.

    The target of a context is the median over its baseline's complete runs of their best validation loss. A run that
    was pruned, stopped early or failed before it got there is censored at its last epoch, as if its epochs were over.
    """
    values = by_seed(frames)
    targets = {
        str(trial["context"]): float(np.median(list(values[trial["key"]]["val_loss"].values())))
        for _, trial in frames.trials[frames.trials["baseline"]].iterrows()
        if values.get(trial["key"], {}).get("val_loss")
    }
    contexts = dict(zip(frames.trials["trial"], frames.trials["context"], strict=True))
    rows = []
    for _, curve in frames.curves.groupby(["trial", "seed"], sort=False):
        trial = int(curve["trial"].iloc[0])
        target = targets.get(contexts[trial])
        if target is not None:
            epoch = metrics.epochs_to_target(curve["val_loss"].to_numpy(dtype=float), target)
            reached = epoch is not None
            epochs = int(curve["epoch"].iloc[epoch - 1 if epoch else -1])
            rows.append((trial, int(curve["seed"].iloc[0]), target, epochs, reached))
    frame = pd.DataFrame(rows, columns=["trial", "seed", "target", "epochs", "reached"])
    return frame.astype({"trial": int, "seed": int, "target": float, "epochs": int, "reached": bool})


def time_to_target(frames: Frames) -> pd.DataFrame:
    """Per trial: `target`, `n_reached` of `n_timed` runs, and the Kaplan-Meier median of `epochs_to_target`."""
    rows = [
        (trial, runs["target"].iloc[0], int(runs["reached"].sum()), len(runs), kaplan_meier_median(*_times(runs)))
        for trial, runs in run_times(frames).groupby("trial")
    ]
    frame = pd.DataFrame(rows, columns=["trial", "target", "n_reached", "n_timed", "epochs_to_target"])
    return frame.astype({"trial": int, "target": float, "epochs_to_target": float})


def _times(runs: pd.DataFrame) -> tuple[list[int], list[bool]]:
    return runs["epochs"].tolist(), runs["reached"].tolist()


def ranked(table: pd.DataFrame, objective: str, seeds: int) -> pd.DataFrame:
    """All configurations, best mean of the objective first; those without all their seeds complete come after."""
    if table.empty:
        return table
    whole = (table["n_complete"] >= seeds) & table[objective].notna()
    sign = -1.0 if is_maximised(objective) else 1.0
    order = pd.DataFrame({"later": ~whole, "value": sign * table[objective], "trial": table["trial"]})
    result = table.assign(whole=whole).loc[order.sort_values(["later", "value", "trial"], na_position="last").index]
    return result.reset_index(drop=True)


def front(table: pd.DataFrame, objectives: Sequence[str]) -> pd.Series:
    """Of whole configurations: whether no other is at least as good in all objectives and better in one."""
    signs = np.array([-1.0 if is_maximised(name) else 1.0 for name in objectives])
    points = table[list(objectives)].to_numpy(dtype=float) * signs
    points[~table["whole"].to_numpy(dtype=bool)] = np.nan
    beaten = [bool(((points <= point).all(axis=1) & (points < point).any(axis=1)).any()) for point in points]
    return pd.Series(np.isfinite(points).all(axis=1) & ~np.array(beaten, dtype=bool), index=table.index)


def failures(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """One row per failed run: trial, name, seed, attempt, epochs, reason."""
    failed = frames.runs[frames.runs["status"] == "failed"]
    columns = ["trial", "seed", "attempt", "epochs", "reason"]
    return failed[columns].merge(table[["trial", "name"]], on="trial", how="left")
