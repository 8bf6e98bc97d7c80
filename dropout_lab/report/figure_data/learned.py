"""Learned quantities over the epochs, as means over seeds."""

import pandas as pd

from dropout_lab.report.load import Frames

PANELS = 6

QUANTITIES = ("rate", "sparsity")


def learned(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """One row per configuration, quantity, site and epoch: mean, minimum, maximum and number of its complete seeds.

    Contains the best configurations that learn, at most PANELS, in the order of `table`, the ranked configurations.
    Epochs that not all seeds have, because one of them stopped earlier, are left out.
    """
    complete = frames.runs.loc[frames.runs["status"] == "complete", "id"]
    known = frames.learned[frames.learned["id"].isin(complete) & frames.learned["quantity"].isin(QUANTITIES)]
    order = [trial for trial in table["trial"] if trial in set(known["trial"])][:PANELS]
    shown = known[known["trial"].isin(order)]
    keys = ["trial", "quantity", "site", "epoch"]
    means = shown.groupby(keys, sort=False)["value"].agg(["mean", "min", "max", "count"]).reset_index()
    seeds = shown.groupby("trial")["seed"].nunique()
    means = means[means["count"] == means["trial"].map(seeds)]
    means = means.rename(columns={"min": "least", "max": "most", "count": "n"})
    means.insert(1, "name", means["trial"].map(table.set_index("trial")["name"]))
    place = {trial: index for index, trial in enumerate(order)}
    return means.sort_values("trial", key=lambda trial: trial.map(place), kind="stable", ignore_index=True)
