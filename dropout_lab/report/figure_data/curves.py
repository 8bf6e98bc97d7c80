"""The curves of a few representative configurations."""

import pandas as pd

from dropout_lab.core.metrics.lookup import per_epoch
from dropout_lab.report.answer import Answer
from dropout_lab.report.load import Frames

PANELS = 6


def curves(frames: Frames, table: pd.DataFrame, found: Answer, shape: pd.DataFrame) -> pd.DataFrame:
    """Train and validation curves of the best configuration, its baseline, the best of other placements and the worst.

    One row per configuration (with its `role`), seed and epoch; `diagnosis` is that of `curve_shape`. All share the
    context of the best, so that they are comparable.
    """
    picked: dict[int, str] = {}
    for role, trial in (("best", found.best), ("baseline", found.baseline), ("worst", found.worst)):
        if trial is not None:
            number = int(trial["trial"])
            picked[number] = f"{picked[number]} and {role}" if number in picked else role
    if found.best is not None:
        same = table[table["whole"] & ~table["baseline"] & (table["context"] == found.best["context"])]
        for _, trial in same.drop_duplicates("placement").dropna(subset=["placement"]).iterrows():
            if len(picked) < PANELS and trial["placement"] != found.best["placement"]:
                picked.setdefault(int(trial["trial"]), "best of its placement")
    last = [number for number, role in picked.items() if role == "worst"]
    order = [number for number in picked if number not in last] + last
    names = table.set_index("trial")["name"]
    ails = shape.set_index("trial")["diagnosis"]
    complete = frames.runs.loc[frames.runs["status"] == "complete", ["trial", "seed", "best_epoch"]]
    metrics = [metric.name for metric in per_epoch() if metric.in_curves and metric.in_runs]
    shown = frames.curves.loc[frames.curves["trial"].isin(order), ["trial", "seed", "epoch", *metrics]]
    frame = shown.merge(complete, on=["trial", "seed"])
    frame = frame.assign(
        role=frame["trial"].map(picked), name=frame["trial"].map(names), diagnosis=frame["trial"].map(ails)
    )
    place = {number: index for index, number in enumerate(order)}
    return frame.sort_values("trial", key=lambda trial: trial.map(place), kind="stable", ignore_index=True)
