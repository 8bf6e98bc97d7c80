"""The documentation of the columns of trials.csv."""

from dropout_lab.core.metrics.metric import EPOCHS, LOSS
from dropout_lab.core.metrics.table import METRICS
from dropout_lab.report.frames.column import Column
from dropout_lab.report.frames.documentation import column, of_runs
from dropout_lab.report.frames.load import Frames

_COUNTS = {
    "n_complete": Column("runs", "complete"),
    "n_pruned": Column("runs", "pruned"),
    "n_failed": Column("runs", "failed"),
    "n_missing": Column("runs", "without a record"),
    "n_stopped": Column("runs", "complete, ended by early stopping"),
    "n_improving": Column("runs", "complete, with the best epoch in the last tenth of the horizon"),
    "n_unlearned": Column("runs", "complete, that learned nothing (see learned)"),
    "n_diverged": Column("runs", "complete, whose train loss diverged though finite (see diverged)"),
    "target": Column(LOSS.described, "the baseline's level: median over its seeds of their best validation loss"),
    "n_reached": Column("runs", "that reached the target"),
    "n_timed": Column("runs", "with a curve and a target"),
    "epochs_to_target": Column(METRICS["epochs_to_target"].unit.name, METRICS["epochs_to_target"].meaning),
    "whole": Column(
        "true, false", "whether all seeds are complete and most of them learned something: only such are ranked"
    ),
    "front": Column("true, false", "several objectives: no other is as good in all and better in one"),
    "name": Column("", "the configuration in words"),
    "epochs_to_convergence": Column(
        EPOCHS.name, f"mean over complete runs not stopped early: {METRICS['epochs_to_convergence'].meaning}"
    ),
}


_ENDINGS = {
    "_diff_n": ("pairs", "seeds that both have"),
    "_diff_low": (None, "95 % t interval of the difference, lower bound"),
    "_diff_high": (None, "95 % t interval of the difference, upper bound"),
    "_diff": (None, "mean difference from the baseline of the context (or report.baseline), paired by seed"),
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
    runs = of_runs()
    for ending, (unit, meaning) in _ENDINGS.items():
        metric = name.removesuffix(ending)
        if metric != name and metric in runs:
            return Column(runs[metric].unit if unit is None else unit, f"{metric}: {meaning}")
    if name in frames.trials:
        return column("trials", name, frames)
    return Column(runs[name].unit, f"mean over complete runs: {runs[name].meaning}")
