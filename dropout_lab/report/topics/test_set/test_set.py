"""The chosen configuration on the held-out test set, with intervals that know of the test set."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dropout_lab.core.metrics.answers import nats
from dropout_lab.core.metrics.on_request import ON_REQUEST
from dropout_lab.records import predictions
from dropout_lab.report.frames.by_seed import by_seed
from dropout_lab.report.frames.column import METRIC, TRIAL, Columns, made, real, text, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import possible
from dropout_lab.report.statistics import Floats, Mean, crossed_mean, means_of_rows
from dropout_lab.report.topics.choice import choose
from dropout_lab.report.topics.part import Table

COLUMNS: Columns = {
    **TRIAL,
    "metric": text("metric on the held-out test set, which plays no part in selection"),
    "seeds": whole("seeds that both have", unit="seeds"),
    "examples": whole("examples of the test set whose predictions are known; 0: the intervals cover seeds alone"),
    "covers": text("what the intervals cover: seeds and test examples, or seeds alone"),
    "value": real("mean over seeds of the chosen configuration", unit=METRIC),
    "low": real("its 95 % interval, lower bound", unit=METRIC),
    "high": real("its 95 % interval, upper bound", unit=METRIC),
    "against": real("trial it is compared with; missing without one"),
    "other": real("mean over seeds of that trial", unit=METRIC),
    "difference": real("value minus other, paired by seed and example", unit=METRIC),
    "difference_low": real("its 95 % interval, lower bound", unit=METRIC),
    "difference_high": real("its 95 % interval, upper bound", unit=METRIC),
    "p": real("two-sided p of the test that the difference is 0", unit="probability"),
}

BOTH, SEEDS = "seeds and test examples", "seeds"

PER_EXAMPLE = ("test_loss", "test_accuracy")
"""The metrics that are means over examples, so that predictions say how much they vary between these."""

Predictions = Mapping[int, Mapping[str, Floats]]
"""Seed -> metric -> its value for every example."""


def test_set(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per metric: the best configuration and its difference to `Choice.beside`.

    Where predictions are recorded, the intervals cover new seeds and new examples of the test set's population
    (`statistics.crossed_mean`); elsewhere, and in metrics that are no means over examples, new seeds alone.
    """
    choice = choose(frames, table)
    best, other = choice.best, choice.beside
    if best is None:
        return made(COLUMNS)
    ours, targets = _predictions(frames, best)
    theirs = {} if other is None else _predictions(frames, other, targets)[0]
    names = ["test_loss", "test_accuracy"] if frames.is_classification else ["test_loss"]
    names += [name for name in (f"test_{one}" for one in ON_REQUEST) if name in frames.runs]
    values = by_seed(frames, names)
    rows = []
    for metric in names:
        place = values.rows([best["trial"]])
        own = values.of(metric, place)
        against = np.full_like(own, np.nan) if other is None else values.of(metric, values.rows([other["trial"]]))
        if not np.isfinite(own).any():
            continue
        value, off = means_of_rows(own).of(0), means_of_rows(own - against).of(0)
        count = 0
        if metric in PER_EXAMPLE and len(ours) > 1 and len(ours) == value.n and (other is None or len(theirs) == off.n):
            mine = np.stack([ours[seed][metric] for seed in sorted(ours)])
            value = _at(value, crossed_mean(mine))
            if other is not None:
                off = _at(off, crossed_mean(_paired(ours, theirs, metric)))
            count = mine.shape[1]
        low, high = np.clip([value.low, value.high], *possible(metric))
        rows.append(
            {
                "trial": best["trial"],
                "name": best["name"],
                "metric": metric,
                "seeds": value.n if other is None else off.n,
                "examples": count,
                "covers": BOTH if count else SEEDS,
                "value": value.mean,
                "low": low,
                "high": high,
                "against": np.nan if other is None else float(other["trial"]),
                "other": means_of_rows(against).of(0).mean,
                "difference": off.mean,
                "difference_low": off.low,
                "difference_high": off.high,
                "p": off.p,
            }
        )
    return made(COLUMNS, pd.DataFrame(rows) if rows else None)


def differences(frames: Frames, trial: "pd.Series[Any]", other: "pd.Series[Any]") -> dict[str, Floats]:
    """Metric -> its value of `trial` minus that of `other`, seeds x test examples; empty without predictions."""
    ours, targets = _predictions(frames, trial)
    theirs, _ = _predictions(frames, other, targets)
    return {metric: _paired(ours, theirs, metric) for metric in PER_EXAMPLE if theirs}


def _paired(ours: Predictions, theirs: Predictions, metric: str) -> Floats:
    return np.stack([ours[seed][metric] - theirs[seed][metric] for seed in sorted(set(ours) & set(theirs))])


def _at(recorded: Mean, crossed: Mean) -> Mean:
    """The interval of the predictions around the recorded mean, as predictions are kept with three digits."""
    shift = recorded.mean - crossed.mean
    return crossed._replace(mean=recorded.mean, low=crossed.low + shift, high=crossed.high + shift)


def _predictions(
    frames: Frames, trial: "pd.Series[Any]", targets: NDArray[np.integer] | None = None
) -> tuple[Predictions, NDArray[np.integer] | None]:
    """The losses and hits of a trial's complete runs by seed, and their targets.

    Runs with other `targets` are absent; without them, those of the first run count.
    """
    if frames.folder is None:
        return {}, None
    runs = frames.runs[(frames.runs["key"] == trial["key"]) & (frames.runs["status"] == "complete")]
    found: dict[int, Mapping[str, Floats]] = {}
    for run, seed in zip(runs["id"], runs["seed"], strict=True):
        read = predictions.read(frames.folder, str(run))
        if read is None:
            continue
        probs, answers = read
        targets = answers if targets is None else targets
        if not np.array_equal(targets, answers):
            continue
        found[int(seed)] = {
            "test_loss": nats(probs, answers, predictions.read_weights(frames.folder, str(run))),
            "test_accuracy": (probs.argmax(1) == answers).astype(np.float64),
        }
    return found, targets


TEST_SET = Table("test_set", test_set, COLUMNS)
