"""Accuracy of the networks by bins of confidence."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dropout_lab.core.metrics.answers import BINS, calibration_error
from dropout_lab.records import predictions
from dropout_lab.records.predictions import Array
from dropout_lab.report.answer import Answer
from dropout_lab.report.load import Frames


def reliability(folder: Path | None, frames: Frames, found: Answer) -> pd.DataFrame:
    """A row per non-empty bin, for the best configuration and its baseline (`role`), and by `of`.

    `of`: "one network", a mean over the seeds' networks; "ensemble", the answers of the mean of their probabilities.
    `confidence`, `accuracy`: means over the `answers` of the bin, of all networks, as fractions. `ece`: expected
    calibration error over all bins, a fraction; for one network the mean of the networks' own errors, as in
    `confidence.confidence`, which is at least that of all answers together. Empty without predictions in `folder`.
    """
    rows: list[dict[str, Any]] = []
    for role, trial in (("best", found.best), ("no dropout", found.baseline)):
        if trial is None or folder is None or (role == "no dropout" and rows and trial["trial"] == rows[0]["trial"]):
            continue
        runs = frames.runs[(frames.runs["key"] == trial["key"]) & (frames.runs["status"] == "complete")]
        kept = predictions.read_all(folder, map(str, runs["id"]))
        if not kept:
            continue
        targets = kept[0][1]
        every = np.concatenate([probs for probs, _ in kept]), np.concatenate([target for _, target in kept])
        parts = {"one network": every}
        if len(kept) > 1:
            parts["ensemble"] = (np.mean([probs for probs, _ in kept], axis=0), targets)
        for kind, (probs, answers) in parts.items():
            own = {"role": role, "trial": int(trial["trial"]), "name": str(trial["name"]), "of": kind}
            each = kept if kind == "one network" else [(probs, answers)]
            ece = float(np.mean([calibration_error(*one) for one in each]))
            rows += [{**own, "networks": len(kept), **row, "ece": ece} for row in _bins(probs, answers)]
    names = ["role", "trial", "name", "of", "networks", "low", "high", "confidence", "accuracy", "answers", "ece"]
    return pd.DataFrame(rows, columns=names)


def _bins(probs: Array, targets: NDArray[np.integer]) -> list[dict[str, float]]:
    """The bins of `core.metrics.answers.calibration_error`."""
    sure, right = probs.max(1), probs.argmax(1) == targets
    which = np.minimum((sure * BINS).astype(int), BINS - 1)
    counts = np.bincount(which, minlength=BINS)
    some = np.flatnonzero(counts)
    confidence = np.bincount(which, weights=sure, minlength=BINS)[some] / counts[some]
    accuracy = np.bincount(which, weights=right, minlength=BINS)[some] / counts[some]
    return [
        {"low": b / BINS, "high": (b + 1) / BINS, "confidence": c, "accuracy": a, "answers": int(counts[b])}
        for b, c, a in zip(some, confidence, accuracy, strict=True)
    ]
