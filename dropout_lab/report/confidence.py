"""Confidence and accuracy of the networks: of one, of the mean over masks, and of the ensemble over seeds."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dropout_lab.records import predictions
from dropout_lab.report.load import Frames
from dropout_lab.report.names import value

ROWS = 8
"""Configurations, the best ones; the baselines of their contexts are added."""

ONE = {"test_loss": "loss", "test_accuracy": "accuracy", "test_ece": "calibration error"}
MC = {
    "test_loss_mc": "loss, mean over masks",
    "test_accuracy_mc": "accuracy, mean over masks",
    "test_ece_mc": "calibration error, mean over masks",
    "information_mc": "mutual information",
}
ENSEMBLE = {"loss": "loss, ensemble", "accuracy": "accuracy, ensemble", "ece": "calibration error, ensemble"}


def confidence(folder: Path, frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per configuration, best first, and per baseline: one network on average, and the ensemble.

    `table` is ranked. Columns: trial, name, those of `ONE` and `MC` that were measured, `members` of the ensemble, and
    `ensemble_<metric>`. Empty if no run has predictions.
    """
    rows = []
    best = table.head(ROWS)
    own = table[table["baseline"] & table["context"].isin(best["context"])] if len(table) else table
    chosen = pd.concat([best, own]).drop_duplicates("trial") if len(table) else table
    complete = frames.runs[frames.runs["status"] == "complete"]
    for _, trial in chosen.iterrows():
        runs = complete[complete["key"] == trial["key"]]
        kept = predictions.read_all(folder, map(str, runs["id"]))
        if not kept:
            continue
        row: dict[str, object] = {"trial": trial["trial"], "name": trial["name"]}
        row |= {name: runs[name].astype(float).mean() for name in (*ONE, *MC) if name in runs}
        mean = np.mean([probs for probs, _ in kept], axis=0)
        row["members"] = len(kept)
        row |= {f"ensemble_{name}": number for name, number in predictions.answers(mean, kept[0][1]).items()}
        rows.append(row)
    every = ["trial", "name", *ONE, "members", *(f"ensemble_{name}" for name in ENSEMBLE)]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=every)


def rows(found: pd.DataFrame) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """The table as text: header and rows."""
    if found.empty:
        return (), ()
    names = {**ONE, **MC, **{f"ensemble_{name}": label for name, label in ENSEMBLE.items()}}
    shown = [name for name in names if name in found and found[name].notna().any()]
    header = ["configuration", *(names[name] for name in shown), "networks in the ensemble"]
    lines = []
    for _, row in found.iterrows():
        cells = [value("test_accuracy" if "accuracy" in name or "ece" in name else "loss", row[name]) for name in shown]
        lines.append([str(row["name"]), *cells, str(row["members"])])
    return header, lines
