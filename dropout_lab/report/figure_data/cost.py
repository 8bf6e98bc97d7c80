"""The time that configurations took."""

import numpy as np
import pandas as pd

from dropout_lab.report.figure_data.trials import placed
from dropout_lab.report.load import Frames


def cost(frames: Frames, table: pd.DataFrame, objective: str) -> pd.DataFrame:
    """A row per configuration with a mean of the objective: the time of all its runs, failed and pruned ones included.

    `epochs`, `seconds`: sums over its runs. A run's seconds are its share of its cohort's: the time of each epoch is
    divided by the number of lanes in training. `seconds_per_epoch`: of one run. `lanes`: mean cohort width of its runs.
    """
    runs = frames.runs[frames.runs["seconds"].notna() & (frames.runs["epochs"] > 0)]
    runs = runs.assign(width=pd.to_numeric(runs["width"]))
    sums = runs.groupby("trial").agg(
        runs=("seed", "size"), epochs=("epochs", "sum"), seconds=("seconds", "sum"), lanes=("width", "mean")
    )
    sums["seconds_per_epoch"] = sums["seconds"] / sums["epochs"]
    part = placed(table[["trial", "name", objective]], table).merge(sums.reset_index(), on="trial")
    return part[np.isfinite(part[objective].astype(float))].reset_index(drop=True)
