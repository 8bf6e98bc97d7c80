"""The Pareto fronts of pairs of metrics."""

from itertools import combinations

import numpy as np
import pandas as pd

from dropout_lab.report.load import Frames
from dropout_lab.report.names import is_maximised
from dropout_lab.report.tables.columns import TRIAL, Columns, made, real, text, truth
from dropout_lab.report.tables.ranking import front

COLUMNS: Columns = {
    **TRIAL,
    "baseline": truth("whether it is a baseline"),
    "pair": text("the two metrics, joined by ' and '"),
    "first": real("mean of the first metric, in its unit (accuracy: a fraction)"),
    "second": real("mean of the second metric (gap_accuracy: pp; epochs_to_target: Kaplan-Meier median)"),
    "context": text("context of the front; empty for all contexts"),
    "front": truth("whether no other configuration (of the context, if given) is as good in both and better in one"),
}


def pareto(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per pair of metrics and whole configuration that has both.

    The pairs: with several objectives, each two of them; else accuracy (loss for regression) with the gap of the same
    kind; then the first validation metric of these with the epochs to the target. Fronts compare means, without a test
    of significance. Each context has its own target, so epochs to the target have a front per context.
    """
    kind = "accuracy" if frames.is_classification else "loss"
    pairs, main = [(f"val_{kind}", f"gap_{kind}")], f"val_{kind}"
    if len(frames.objectives) > 1:
        pairs = list(combinations(frames.objectives, 2))
        main = next((name for name in frames.objectives if name.startswith("val_")), main)
    parts = []
    for first, second in (*pairs, (main, "epochs_to_target")):
        if table.empty or first not in table or second not in table:
            continue
        known = table[
            table["whole"] & np.isfinite(table[first].astype(float)) & np.isfinite(table[second].astype(float))
        ]
        part = known[["trial", "name", "baseline"]].assign(pair=f"{first} and {second}")
        if second == "epochs_to_target":
            part["context"] = known["context"]
            on_front = pd.Series(False, index=known.index)
            for _, own in known.groupby("context"):
                on_front[own.index] = front(own, (first, second))
        else:
            part["context"] = ""
            on_front = front(known, (first, second))
        part = part.assign(first=known[first].astype(float), second=known[second].astype(float), front=on_front)
        parts.append(part.sort_values("first", ascending=not is_maximised(first), kind="stable"))
    return made(COLUMNS, pd.concat(parts, ignore_index=True) if parts else None)
