"""The ranking of configurations, the Pareto front, and the failed runs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dropout_lab.report.frames.by_seed import ENDED
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import is_maximised
from dropout_lab.report.statistics import Bools, Floats, whole_rows


def ranked(table: pd.DataFrame, objective: str, seeds: int) -> pd.DataFrame:
    """Sort all configurations by the mean of the objective, best first; those that are not `whole` come last.

    A whole configuration has all its seeds complete, and more than half of these runs learned something. (A network
    that has learned nothing has the smallest gap of all.)
    """
    if table.empty:
        return table
    counted = table["n_complete"] - table["n_stopped"] if objective in ENDED else table["n_complete"]
    whole = (counted >= seeds) & table[objective].notna() & ~has_learned_nothing(table)
    sign = -1.0 if is_maximised(objective) else 1.0
    order = pd.DataFrame({"later": ~whole, "value": sign * table[objective], "trial": table["trial"]})
    result = table.assign(whole=whole).loc[order.sort_values(["later", "value", "trial"], na_position="last").index]
    return result.reset_index(drop=True)


def has_learned_nothing(table: pd.DataFrame) -> "pd.Series[bool]":
    """Which configurations learned nothing in half of their complete runs or more."""
    return (table["n_unlearned"] > 0) & (2 * table["n_unlearned"] >= table["n_complete"])


def front(table: pd.DataFrame, objectives: Sequence[str]) -> pd.Series:
    """Which whole configurations are on the front: no other is at least as good in all objectives and better in one."""
    signs = np.array([-1.0 if is_maximised(name) else 1.0 for name in objectives])
    points = table[list(objectives)].to_numpy(dtype=float) * signs
    points[~table["whole"].to_numpy(dtype=bool)] = np.nan
    return pd.Series(unbeaten(points), index=table.index)


def unbeaten(points: Floats) -> Bools:
    """Which points (rows; lower is better in every column) no other dominates; rows with NaN are ignored."""
    result = whole_rows(points)
    left = np.flatnonzero(result)
    # The point with the least sum eliminates many at once; comparing all pairs would take too long.
    left = left[np.argsort(points[left].sum(axis=1), kind="stable")]
    while len(left):
        first, rest = points[left[0]], points[left[1:]]
        beaten = (first <= rest).all(axis=1) & (first < rest).any(axis=1)
        result[left[1:][beaten]] = False
        left = left[1:][~beaten]
    return result


def failures(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """One row per failed run: trial, name, seed, attempt, epochs, reason."""
    failed = frames.runs[frames.runs["status"] == "failed"]
    columns = ["trial", "seed", "attempt", "epochs", "reason"]
    return failed[columns].merge(table[["trial", "name"]], on="trial", how="left")
