"""One function and one declaration add a metric: to records, frames, columns, objectives, tables and trackers."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropout_lab.config.keys import KEYS
from dropout_lab.core.errors import UserError
from dropout_lab.core.metrics.answers import Answers
from dropout_lab.core.metrics.metric import CLASSES, FRACTION, AtEnd, Ended, Metric, PerEpoch
from dropout_lab.core.metrics.summary import summary
from dropout_lab.core.metrics.table import METRICS
from dropout_lab.records.ledger import Ledger, curve
from dropout_lab.records.store import read
from dropout_lab.report.frames.documentation import described
from dropout_lab.report.frames.load import load
from dropout_lab.report.spelling import axis, value
from dropout_lab.report.topics.configurations.columns import of_configurations
from dropout_lab.report.topics.configurations.configurations import configurations
from tests.cohort.runs import recipe, structure, train
from tests.report.canned import Sweep, grid
from tests.sweeper.fake import Fake, sweep


def left(ended: Ended) -> float:
    """The share of the first validation loss that the last one is."""
    losses = ended.curves["val_loss"]
    assert losses[0] is not None
    assert losses[-1] is not None
    return losses[-1] / losses[0]


LEFT = AtEnd(
    name="loss_left",
    title="loss left",
    meaning="last over first validation loss",
    of=left,
    unit=FRACTION,
    low=0,
    objective="loss_left",
    shown="compared",
)


def ratio(at: Mapping[str, float | None]) -> float | None:
    """Validation over train loss."""
    train, val = at["train_loss"], at["val_loss"]
    return None if train is None or val is None else val / train


RATIO = PerEpoch(
    name="loss_ratio", title="loss ratio", meaning="validation over train loss", of=ratio, low=0, objective="loss_ratio"
)


def brier(ended: Ended) -> float | None:
    """Mean squared distance of the probabilities to the targets (Brier, 1950)."""
    found = ended.answers
    if found is None:
        return None
    return float(((found.probs - np.eye(found.probs.shape[1])[found.targets]) ** 2).sum(1).mean())


BRIER = AtEnd(
    name="test_brier", title="Brier score", meaning="Brier score", of=brier, low=0, high=2, tasks=CLASSES, optional=True
)


def declare(monkeypatch: pytest.MonkeyPatch, *metrics: Metric) -> None:
    for metric in metrics:
        monkeypatch.setitem(METRICS, metric.name, metric)


def test_at_the_end_it_is_in_records_frames_columns_and_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, LEFT)
    folder = Sweep(grid(("hidden",), (0.0, 0.3)), seeds=3, epochs=8).write(tmp_path / "s")
    for run in read(folder).runs:
        assert 0 < run["loss_left"] < 2
    frames = load(folder)
    table = configurations(frames)
    mean = frames.runs.groupby("trial")["loss_left"].mean()
    assert table.set_index("trial")["loss_left"].to_dict() == pytest.approx(mean.to_dict())
    assert {"loss_left_low", "loss_left_diff", "loss_left_p_holm"} <= {*table}
    assert ["runs", "loss_left", "fraction", "last over first validation loss"] in described(frames).to_numpy().tolist()
    assert of_configurations("loss_left_diff", frames).unit == "fraction"
    assert axis("loss_left", True) == "loss left (%)"
    assert value("loss_left", 0.25) == "25.0 %"


def test_at_the_end_it_is_an_objective(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="objective=loss_left"):
        KEYS["objective"].kind.check("objective", "loss_left")
    declare(monkeypatch, LEFT)
    KEYS["objective"].kind.check("objective", "loss_left")
    sweep(Fake(), tmp_path, "rate=0,0.3", objective="loss_left")
    records = read(tmp_path)
    ledger = Ledger.of(records)
    for key in ledger.trials:
        own = [run["loss_left"] for run in records.runs if run["key"] == key]
        assert ledger.values(key, range(2), ["loss_left"]) == [sum(own) / 2]


def test_per_epoch_it_is_in_records_frames_and_objectives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, RATIO)
    KEYS["objective"].kind.check("objective", ["val_loss", "loss_ratio"])
    folder = Sweep(grid(("hidden",), (0.0, 0.3)), seeds=2, epochs=8).write(tmp_path / "s")
    for run in read(folder).runs:
        assert run["loss_ratio"] == run["val_loss"] / run["train_loss"]
        assert run["loss_ratio_last"] == run["val_loss_last"] / run["train_loss_last"]
    frames = load(folder)
    assert "loss_ratio" in configurations(frames)
    assert "loss_ratio" in frames.curves
    rows: dict[str, list[Any]] = {"id": ["a", "b"], "epoch": [1, 1], "train_loss": [0.5, None], "val_loss": [1.0, 1.0]}
    assert curve(rows, "loss_ratio") == [2.0, None]


def test_the_trainer_measures_it(monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, RATIO, BRIER)
    result = train(structure(), [recipe(0, epochs=2), recipe(1, epochs=2)], 2)["0"]
    assert result.curves["loss_ratio"] == [
        None if a is None or b is None else a / b
        for a, b in zip(result.curves["val_loss"], result.curves["train_loss"], strict=True)
    ]
    assert result.answers is not None
    assert 0 < float(result.metrics["test_brier"] or 0) < 2


def test_predictions_are_there_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, BRIER)
    ended = Ended({"val_loss": [1.0], "train_loss": [1.0]}, horizon=1)
    assert "test_brier" not in summary(ended)
    answers = Answers(np.log(np.array([[0.75, 0.25], [0.5, 0.5]], dtype=np.float32)), np.array([0, 1]))
    found = summary(Ended(ended.curves, 1, answers=answers))
    assert found["test_brier"] == pytest.approx((0.125 + 0.5) / 2)


def test_older_records_have_it_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Sweep(grid(("hidden",), (0.0, 0.3)), seeds=2, epochs=4).write(tmp_path / "s")
    path = folder / "curves-0.jsonl"
    first, *rest = path.read_text().splitlines(keepends=True)
    newer = {**json.loads(first), "loss_ratio": [2.0] * len(json.loads(first)["id"])}
    path.write_text("".join([json.dumps(newer) + "\n", *rest]))
    declare(monkeypatch, LEFT, RATIO)
    frames = load(folder)
    assert frames.runs["loss_left"].isna().all()
    assert configurations(frames)["loss_left"].isna().all()
    assert set(frames.curves["loss_ratio"].dropna()) == {2.0}
    assert frames.curves.loc[frames.curves["epoch"] > 1, "loss_ratio"].isna().all()
    ledger = Ledger.of(read(folder))
    assert ledger.values(next(iter(ledger.trials)), range(2), ["loss_left"]) is None
    assert not ledger.missing(next(iter(ledger.trials)), range(2), retries=0)
