"""What a network that ignores its inputs reaches in a metric: the most frequent class, or the chance level."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.on_request import CHANCE
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import and_list, title, value

MAJORITY = ("val_accuracy", "test_accuracy")
"""The metrics for which the answer that ignores the inputs is the most frequent class."""


def level(frames: Frames, metric: str) -> float:
    """The mean over complete runs of the metric's value without inputs; NaN where it is not recorded."""
    name, runs = f"{metric}{CHANCE}", frames.runs
    if name not in runs:
        return float("nan")
    return float(pd.to_numeric(runs.loc[runs["status"] == "complete", name]).mean())


def beside(frames: Frames, metric: str) -> str:
    """`majority 10.2 %`, the share of the most frequent class, or `chance 0.5`; empty where it is not known."""
    found = level(frames, metric)
    if np.isnan(found):
        return ""
    word = "majority" if metric in MAJORITY else "chance"
    return f"{word} {value(metric, found)}"


def note(frames: Frames, metrics: Sequence[str]) -> str:
    """A sentence for a caption; empty where nothing is known."""
    known = [metric for metric in metrics if not np.isnan(level(frames, metric))]
    if not known:
        return ""
    parts = [f"{title(metric)} {value(metric, level(frames, metric))}" for metric in known]
    majority = " (the most frequent class)" if set(known) & set(MAJORITY) else ""
    parts = [f"{part}{majority if metric in MAJORITY else ''}" for part, metric in zip(parts, known, strict=True)]
    return f"A network that ignores its inputs would have: {and_list(parts)}."
