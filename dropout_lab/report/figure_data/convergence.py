"""When runs reached a target: points, survival, ratios."""

import pandas as pd

from dropout_lab.report.answer import Answer
from dropout_lab.report.figure_data.trials import placed
from dropout_lab.report.load import Frames
from dropout_lab.report.tables import run_times, survival_curves

FEW = 3
"""Configurations besides the baseline; more bands would be indistinguishable."""


def arrivals(frames: Frames, rates: pd.DataFrame) -> pd.DataFrame:
    """The number of `runs` of each point that reached the target or were censored, by epoch; and their median."""
    points = rates[["panel", "line", "placement", "rate", "trial", "epochs_to_target", "target"]]
    joined = points.merge(run_times(frames)[["trial", "epochs", "reached"]], on="trial")
    keys = ["panel", "line", "placement", "rate", "trial", "target", "epochs_to_target", "epochs", "reached"]
    return joined.groupby(keys, sort=False, dropna=False).size().rename("runs").reset_index()


def few(table: pd.DataFrame, found: Answer) -> pd.DataFrame:
    """The rows of the best configurations with dropout in the context of the best, and of their baseline."""
    if found.best is None:
        return table.iloc[:0]
    same: pd.DataFrame = table[table["whole"] & (table["context"] == found.best["context"])]
    dropped = same[~same["baseline"]]
    first = dropped.drop_duplicates("placement") if dropped["placement"].notna().all() else dropped
    best = pd.concat([first.head(FEW), dropped]).drop_duplicates("trial").head(FEW).sort_index()
    return pd.concat([best, same[same["baseline"]]])


def survival(frames: Frames, table: pd.DataFrame, found: Answer) -> pd.DataFrame:
    """The survival curves of `few`, with a column `censored`: runs that ended in that epoch without arriving."""
    part = placed(survival_curves(frames, few(table, found)), table)
    left = part["at_risk"] - part["arrived"]
    after = part.groupby(["trial", "definition"])["at_risk"].shift(-1).fillna(0)
    return part.assign(censored=(left - after).astype(int))


def ratios(time_ratio: pd.DataFrame, table: pd.DataFrame, found: Answer) -> pd.DataFrame:
    """The rows of `few` in the table of ratios, with the shares of runs that reached each target."""
    part = placed(time_ratio[time_ratio["trial"].isin(few(table, found)["trial"])], table)
    return part.assign(
        reached=part["n_reached"] / part["n"], baseline_reached=part["baseline_n_reached"] / part["baseline_n"]
    )
