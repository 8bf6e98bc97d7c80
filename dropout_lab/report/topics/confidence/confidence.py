"""Confidence and accuracy of the networks: of one, of the mean over masks, and of the ensemble over seeds."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.answers import MEASURES, Loaded, measures
from dropout_lab.core.metrics.lookup import at_end
from dropout_lab.core.metrics.table import METRICS
from dropout_lab.records import predictions
from dropout_lab.report.frames.column import TRIAL, Columns, made, real, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import value
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Shown, Table

ROWS = 8
"""Configurations, the best ones; the baselines of their contexts are added."""


def _single() -> Mapping[str, str]:
    """The metrics of one network and of its mean over masks, as columns -> headings."""
    return {metric.name: metric.title.removeprefix("test ") for metric in at_end() if metric.is_confidence}


def _ensemble() -> Mapping[str, str]:
    """The metrics of the ensemble, as columns -> headings."""
    single = _single()
    return {f"ensemble_{name}": f"{single[f'test_{name}']}, ensemble" for name in MEASURES}


COLUMNS: Columns = {
    **TRIAL,
    **{
        name: real(f"mean over complete runs: {METRICS[name].meaning}", unit=METRICS[name].unit.described)
        for name in _single()
    },
    "members": whole("networks in the ensemble: complete runs with predictions", unit="networks"),
    **{
        f"ensemble_{name}": real(
            f"{METRICS[f'test_{name}'].title} of the mean of the networks' probabilities",
            unit=METRICS[f"test_{name}"].unit.described,
        )
        for name in MEASURES
    },
}


def confidence(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per configuration, best first, and per baseline: one network on average, and the ensemble.

    Metrics that were not measured are missing. Without rows if no run has predictions.
    """
    rows: list[dict[str, object]] = []
    best = table.head(ROWS)
    own = table[table["baseline"] & table["context"].isin(best["context"])] if len(table) else table
    chosen = pd.concat([best, own]).drop_duplicates("trial") if len(table) else table
    complete = frames.runs[frames.runs["status"] == "complete"]
    for _, trial in chosen.iterrows():
        runs = complete[complete["key"] == trial["key"]]
        kept = [] if frames.folder is None else predictions.read_all(frames.folder, map(str, runs["id"]))
        if not kept:
            continue
        mean = np.mean([probs for probs, _ in kept], axis=0)
        weights = _weights(frames, runs)
        ensemble = {f"ensemble_{name}": number for name, number in measures(mean, kept[0][1], weights).items()}
        single = {name: runs[name].astype(float).mean() if name in runs else np.nan for name in _single()}
        rows.append({"trial": trial["trial"], "name": trial["name"], **single, "members": len(kept), **ensemble})
    return made(COLUMNS, pd.DataFrame(rows) if rows else None)


def _weights(frames: Frames, runs: pd.DataFrame) -> Loaded:
    """Those of the test examples in the loss: of the first run, for those of the other seeds are hardly different."""
    for run in map(str, runs["id"]):
        if frames.folder is not None and predictions.read(frames.folder, run) is not None:
            return predictions.read_weights(frames.folder, run)
    return None


def _shown(evidence: Evidence) -> Shown | None:
    found = evidence.tables["confidence"]
    if found.empty:
        return None
    names = {**_single(), **_ensemble()}
    shown = [name for name in names if found[name].notna().any()]
    rows = []
    for _, row in found.iterrows():
        cells = [value(name.replace("ensemble_", "test_"), row[name]) for name in shown]
        rows.append([str(row["name"]), *cells, str(row["members"])])
    prose = [
        "On the held-out test set. One network: the mean over seeds. Ensemble: the mean of the probabilities of all "
        "seeds' networks, a single value without an interval. The calibration error is the mean distance between "
        "confidence and accuracy over 15 bins (Guo et al., 2017)."
    ]
    if any(name.endswith("_mc") for name in shown):
        prose.append(
            "Mean over masks: Monte Carlo dropout, the mean of the probabilities with dropout on (Gal and Ghahramani, "
            "2016). The mutual information, in nats, measures how much the masks disagree."
        )
    header = ["configuration", *(names[name] for name in shown), "networks in the ensemble"]
    return Shown("One network and the ensemble", prose, header, rows)


CONFIDENCE = Table("confidence", confidence, COLUMNS, _shown)
