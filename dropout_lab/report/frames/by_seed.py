"""The results as matrices, configurations x seeds, one per metric: the source of all means and differences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dropout_lab.core.errors import UserError
from dropout_lab.core.metrics.lookup import averaged_fields, compared_names, metric_of
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.statistics import Bools, Floats, Ints

ENDED = ("epochs_to_convergence",)
"""Metrics that only runs with all their epochs have: a run that was stopped early has not converged."""


@dataclass(frozen=True)
class BySeed:
    """Row i of every matrix is trial `trials[i]`, in the order of `Frames.trials`; column j is seed `seeds[j]`.

    `values`: metric -> matrix; NaN without a complete run or a finite value, and for metrics in `ENDED` if the run was
    stopped early. `baselines`: for each row, the row of the baseline of its context, -1 if there is none; a baseline's
    is its own row. `reference`: the row of `Frames.reference`, None without one.
    """

    trials: Ints
    keys: Sequence[str]
    seeds: Ints
    values: Mapping[str, Floats]
    baselines: Ints
    reference: int | None = None

    def rows(self, trials: "pd.Series[int] | Sequence[int]") -> Ints:
        """The rows of these trials; raises UserError for a trial that does not exist."""
        found = pd.Index(self.trials).get_indexer(pd.Index(trials))
        if (found < 0).any():
            missing = np.asarray(trials)[found < 0][0]
            raise UserError(f"there is no trial {missing}: the sweep has {_numbers(self.trials)}")
        return np.asarray(found, dtype=np.int64)

    def of(self, metric: str, rows: Ints) -> Floats:
        """The matrix of these rows; NaN where a row is -1."""
        values = self.values[metric]
        if not len(values):
            return np.full((len(rows), len(self.seeds)), np.nan)
        return np.where(rows[:, None] < 0, np.nan, values[rows])

    def against(self, baseline: int | None) -> Ints:
        """For each row, the row it is compared with: trial `baseline`, else the reference, else its context's baseline.

        -1 if there is none, and for that row itself.
        """
        one = self.reference if baseline is None else int(self.rows([baseline])[0])
        theirs = self.baselines if one is None else np.full(len(self.trials), one)
        return np.where(theirs == np.arange(len(self.trials)), -1, theirs)

    def differences(self, metric: str, baseline: int | None = None) -> Floats:
        """Each configuration minus its counterpart, seed by seed."""
        return self.values[metric] - self.of(metric, self.against(baseline))

    def whole(self, metric: str, seeds: int) -> Bools:
        """Which rows have values for at least `seeds` seeds."""
        return np.asarray(np.isfinite(self.values[metric]).sum(axis=1) >= seeds)


def _numbers(trials: Ints) -> str:
    return f"{len(trials)} trials, from {trials.min()} to {trials.max()}" if len(trials) else "no trial"


def metrics_of(frames: Frames, names: Sequence[str]) -> Sequence[str]:
    """`names` and the objectives, without those that the task does not have, as the accuracies of a regression.

    And without those that were not asked for.
    """
    task = "classification" if frames.is_classification else "regression"
    every = {name: metric_of(name) for name in (*names, *frames.objectives)}
    asked = set(frames.objectives)  # of a classification without a complete run the task is not known
    measured = [name for name, metric in every.items() if metric is None or not metric.optional or name in frames.runs]
    return [name for name in measured if name in asked or (found := every[name]) is None or task in found.tasks]


def by_seed(frames: Frames, metrics: Sequence[str] | None = None) -> BySeed:
    """Make `BySeed` of these metrics, by default of all that are averaged or compared anywhere."""
    trials, runs = frames.trials, frames.runs
    rows, seeds = run_places(frames)
    counted = (runs["status"] == "complete").to_numpy(dtype=bool) & (rows >= 0)
    stopped = runs["stopped_early"].to_numpy(dtype=bool)
    columns = np.searchsorted(seeds, runs["seed"].to_numpy(dtype=np.int64))
    values = {}
    for name in metrics_of(frames, (*averaged_fields(), *compared_names())) if metrics is None else metrics:
        matrix = np.full((len(trials), len(seeds)), np.nan)
        column = _column(runs, name)
        known = np.isfinite(column) & ~(stopped & (name in ENDED))
        matrix[rows[counted], columns[counted]] = np.where(known, column, np.nan)[counted]
        values[name] = matrix
    contexts, codes = np.unique(trials["context"].to_numpy(dtype=str), return_inverse=True)
    of_context = np.full(len(contexts), -1, dtype=np.int64)
    baseline = trials["baseline"].to_numpy(dtype=bool)
    of_context[codes[baseline]] = np.flatnonzero(baseline)
    numbers = trials["trial"].to_numpy(dtype=np.int64)
    reference = None if frames.reference is None else int(np.flatnonzero(numbers == frames.reference)[0])
    return BySeed(numbers, list(trials["key"]), seeds, values, of_context[codes], reference)


def _column(runs: pd.DataFrame, name: str) -> Floats:
    """A metric of the runs as numbers; NaN where it is missing, as in records that are older than the metric."""
    if name not in runs:
        return np.full(len(runs), np.nan)
    return pd.to_numeric(runs[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def has_come_somewhere(runs: pd.DataFrame) -> Bools:
    """Whether each run learned something and did not diverge, as far as that is known."""
    return ((runs["learned"] != 0) & (runs["diverged"] != 1)).to_numpy(dtype=bool)


def still_improving(runs: pd.DataFrame) -> Bools:
    """Whether each run was still improving at its end; a run that learned nothing or diverged was not."""
    return (runs["still_improving"] == 1).to_numpy(dtype=bool) & has_come_somewhere(runs)


def run_places(frames: Frames) -> tuple[Ints, Ints]:
    """For each row of `runs` the row of its trial; and the sorted seeds."""
    rows = pd.Index(frames.trials["trial"]).get_indexer(pd.Index(frames.runs["trial"]))
    return np.asarray(rows, dtype=np.int64), np.unique(frames.runs["seed"].to_numpy(dtype=np.int64))
