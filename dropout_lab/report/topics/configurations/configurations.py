"""The table of configurations: settings, outcomes of runs, means, and differences from the baseline.

A column `m` is a mean over complete runs, `m_low` and `m_high` its 95 % t interval over seeds, cut to the possible
range of a mean (accuracies 0 to 1, losses from 0). `m_diff` and its bounds are the same for the difference from the
baseline of the same context, paired by seed. `m_diff_n` is the number of pairs, `m_p` the p of the paired t test, and
`m_p_holm` the p corrected by Holm for all such tests of the table."""

from typing import Any

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.lookup import averaged_fields, compared_names
from dropout_lab.report.frames.by_seed import by_seed, metrics_of, run_places, still_improving
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.frames.naming import configuration, varying
from dropout_lab.report.spelling import possible
from dropout_lab.report.statistics import Ints, Means, holm, means_of_rows
from dropout_lab.report.topics.convergence.times import time_to_target


def configurations(frames: Frames) -> pd.DataFrame:
    """One row per trial: its settings, the outcomes of its runs, its means, and its differences from the baseline."""
    trials = frames.trials
    if trials.empty:
        return pd.DataFrame(columns=[*trials.columns, "name", "n_complete"])
    values = by_seed(frames)
    names = varying(frames)
    columns: dict[str, Any] = {
        "trial": trials["trial"],
        "name": [configuration(trial, names, frames.context_parameters) for trial in trials.to_dict("records")],
    }
    for name in trials:
        kept = trials[name]
        columns[str(name)] = list(kept) if kept.dtype == object else kept
    columns |= _outcomes(frames)
    for metric in metrics_of(frames, averaged_fields()):
        columns |= _spread(metric, means_of_rows(values.values[metric]).within(*possible(metric)))
    for metric in metrics_of(frames, compared_names()):
        found = means_of_rows(values.differences(metric))
        columns |= {**_spread(f"{metric}_diff", found), f"{metric}_diff_n": found.n, f"{metric}_p": found.p}
    columns |= {f"{metric}_p_holm": holm(columns[f"{metric}_p"]) for metric in metrics_of(frames, compared_names())}
    return pd.DataFrame(columns).merge(time_to_target(frames), on="trial", how="left")


def _outcomes(frames: Frames) -> dict[str, Ints]:
    runs = frames.runs
    rows, _ = run_places(frames)
    status = runs["status"].to_numpy(dtype=object)
    complete = status == "complete"

    def count(which: Any) -> Ints:
        return np.bincount(rows[np.asarray(which, dtype=bool) & (rows >= 0)], minlength=len(frames.trials))

    return {
        "n_complete": count(complete),
        "n_pruned": count(status == "pruned"),
        "n_failed": count(status == "failed"),
        "n_missing": np.maximum(0, frames.seeds - count(np.ones(len(runs), dtype=bool))),
        "n_stopped": count(complete & runs["stopped_early"].to_numpy(dtype=bool)),
        "n_improving": count(complete & still_improving(runs)),
        "n_unlearned": count(complete & (runs["learned"] == 0).to_numpy(dtype=bool)),
        "n_diverged": count(complete & (runs["diverged"] == 1).to_numpy(dtype=bool)),
    }


def _spread(metric: str, found: Means) -> dict[str, Any]:
    return {metric: found.mean, f"{metric}_low": found.low, f"{metric}_high": found.high}
