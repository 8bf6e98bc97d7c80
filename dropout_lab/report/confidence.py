"""Confidence and accuracy of the networks: of one, of the mean over masks, and of the ensemble over seeds."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.answers import MEASURES, measures
from dropout_lab.core.metrics.lookup import at_end
from dropout_lab.records import predictions
from dropout_lab.report.load import Frames
from dropout_lab.report.names import value

ROWS = 8
"""Configurations, the best ones; the baselines of their contexts are added."""


def _single() -> Mapping[str, str]:
    """The metrics of one network and of its mean over masks, as columns -> headings."""
    return {metric.name: metric.title.removeprefix("test ") for metric in at_end() if metric.is_confidence}


def _ensemble() -> Mapping[str, str]:
    """The metrics of the ensemble, as columns -> headings."""
    single = _single()
    return {f"ensemble_{name}": f"{single[f'test_{name}']}, ensemble" for name in MEASURES}


def confidence(folder: Path, frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per configuration, best first, and per baseline: one network on average, and the ensemble.

    `table` is ranked. Columns: trial, name, the metrics of confidence as far as they were measured, `members`
    of the ensemble, and `ensemble_<metric>`. Without rows if no run has predictions.
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
        row |= {name: runs[name].astype(float).mean() for name in _single() if name in runs}
        mean = np.mean([probs for probs, _ in kept], axis=0)
        row["members"] = len(kept)
        row |= {f"ensemble_{name}": number for name, number in measures(mean, kept[0][1]).items()}
        rows.append(row)
    every = ["trial", "name", *(name for name in _single() if not name.endswith("_mc")), "members", *_ensemble()]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=every)


def rows(found: pd.DataFrame) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """The table as text: header and rows."""
    if found.empty:
        return (), ()
    names = {**_single(), **_ensemble()}
    shown = [name for name in names if name in found and found[name].notna().any()]
    header = ["configuration", *(names[name] for name in shown), "networks in the ensemble"]
    lines = []
    for _, row in found.iterrows():
        cells = [value(name.replace("ensemble_", "test_"), row[name]) for name in shown]
        lines.append([str(row["name"]), *cells, str(row["members"])])
    return header, lines
