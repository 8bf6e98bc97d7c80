"""Accuracy of the networks by bins of confidence."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dropout_lab.core.metrics.answers import BINS, calibration_error
from dropout_lab.records import predictions
from dropout_lab.records.predictions import Array
from dropout_lab.report.draw import style
from dropout_lab.report.draw.style import BASELINE
from dropout_lab.report.frames.column import Columns, real, text, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.topics.alts import sentence
from dropout_lab.report.topics.choice import Choice
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Picture, Plan

KINDS = {"one network": style.Look("#0072B2", "o"), "ensemble": style.Look("#D55E00", "s")}


def reliability(frames: Frames, choice: Choice) -> pd.DataFrame:
    """A row per non-empty bin, for the best configuration and its baseline (`role`), and by `of`.

    `of`: "one network", a mean over the seeds' networks; "ensemble", the answers of the mean of their probabilities.
    `confidence`, `accuracy`: means over the `answers` of the bin, of all networks, as fractions. `ece`: expected
    calibration error over all bins, a fraction; for one network the mean of the networks' own errors, as in
    `confidence.confidence`, which is at least that of all answers together. Empty without predictions.
    """
    rows: list[dict[str, Any]] = []
    folder = frames.folder
    for role, trial in (("best", choice.best), ("no dropout", choice.baseline)):
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


def diagram(reliability: pd.DataFrame) -> Figure:
    """A panel per configuration: accuracy against confidence by bins; a larger mark is more answers."""
    roles = list(reliability["role"].unique())
    figure, axes = style.grid(len(roles), max(2, len(roles)), height=3.1, share=True)
    for role, ax in zip(roles, axes, strict=True):
        shown = reliability[reliability["role"] == role]
        ax.plot([0, 100], [0, 100], color=BASELINE, linestyle=style.DASHES, linewidth=1, label="perfectly calibrated")
        for kind, part in shown.groupby("of", sort=False):
            look = KINDS[str(kind)]
            x, y = 100 * part["confidence"], 100 * part["accuracy"]
            ax.plot(x, y, color=look.color, linewidth=1.0)
            size = 6 + 120 * part["answers"] / part["answers"].sum()
            ax.scatter(x, y, s=size, color=look.color, marker=look.marker, alpha=0.75, linewidth=0, label=str(kind))
        name = str(shown["name"].iloc[0])
        style.heading(ax, name, role if role != name else "")
        ax.set_xlabel("confidence (%)")
        ax.set_aspect("equal")
    low = 100 * float(min(reliability["confidence"].min(), reliability["accuracy"].min()))
    axes[0].set_xlim(max(0.0, low - 4), 102)
    axes[0].set_ylim(max(0.0, low - 4), 102)
    axes[0].set_ylabel("accuracy (%)")
    style.legend(figure, axes)
    return figure


OF = {"one network": "one network, mean over seeds", "ensemble": "ensemble"}


def _plan(evidence: Evidence) -> Plan | str | None:
    if not evidence.is_class:
        return None
    table = reliability(evidence.frames, evidence.choice)
    if table.empty:
        return "Reliability is not drawn: no predictions are recorded."
    numbers = [
        f"{row['name']}, {OF[row['of']]}: calibration error {100 * row['ece']:.1f} %"
        for row in table.drop_duplicates(["role", "of"]).to_dict("records")
    ]
    return Plan(
        "Accuracy of the answers by their confidence",
        "Answers on the held-out test set in 15 equally wide bins of confidence. A mark is at the means of its bin, "
        "and larger for more answers. Above the dashes a network is underconfident, below them overconfident. One "
        "network: means over the answers of all seeds' networks. Ensemble: answers of the mean of their probabilities.",
        sentence(numbers),
        table,
        partial(diagram, table),
    )


COLUMNS: Columns = {
    "role": text("best, or no dropout"),
    "of": text("one network, a mean over seeds; or ensemble, the mean of their probabilities"),
    "networks": whole("networks of the configuration", unit="networks"),
    "low": real("lower end of the bin of confidence", unit="fraction"),
    "high": real("its upper end", unit="fraction"),
    "confidence": real("mean over the answers of the bin", unit="fraction"),
    "accuracy": real("of the answers of the bin", unit="fraction"),
    "answers": whole("answers in the bin, of all networks", unit="answers"),
    "ece": real("expected calibration error over all bins; of one network, the mean of the networks'", unit="fraction"),
}

RELIABILITY = Picture("reliability", _plan, COLUMNS)
