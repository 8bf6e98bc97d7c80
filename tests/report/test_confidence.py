"""Calibration: the table and the figure say the same."""

from pathlib import Path

import numpy as np
import pytest

from dropout_lab.core.metrics.answers import calibration_error
from dropout_lab.records import predictions
from dropout_lab.report.topics.confidence.reliability import RELIABILITY, reliability
from dropout_lab.report.topics.part import Plan
from tests.report.canned import Sweep, evidence_of, grid, hump, planned


def with_predictions(sweep: Sweep, folder: Path) -> Path:
    """Networks that are too sure and networks that are not sure enough: together they would look calibrated."""
    sweep.write(folder)
    generator = np.random.default_rng(0)
    targets = generator.integers(10, size=400)
    for number, run in enumerate(evidence_of(folder).frames.runs["id"]):
        signal = generator.normal(size=(400, 10)) + 2 * (np.arange(10) == targets[:, None])
        logits = signal * (0.3, 1.0, 4.0)[number % 3]
        predictions.write(folder, str(run), logits - np.log(np.exp(logits).sum(1, keepdims=True)), targets)
    return folder


def test_one_network_is_the_mean_over_seeds(tmp_path: Path) -> None:
    folder = with_predictions(Sweep(grid(("hidden",), (0.0, 0.3), hump), seeds=3), tmp_path / "s")
    found = evidence_of(folder)
    drawn = reliability(found.frames, found.choice)
    plan = RELIABILITY.plan(found)
    assert isinstance(plan, Plan)
    for trial, part in drawn[drawn["of"] == "one network"].groupby("trial"):
        runs = found.frames.runs.loc[found.frames.runs["trial"] == trial, "id"]
        kept = [kept for run in runs if (kept := predictions.read(folder, str(run))) is not None]
        own = [calibration_error(*one) for one in kept]
        assert len(own) == 3
        assert part["ece"].to_numpy() == pytest.approx(np.mean(own))
        probs, targets = (np.concatenate(parts) for parts in zip(*kept, strict=True))
        together = calibration_error(probs, targets)
        assert together < 0.95 * np.mean(own), "errors of opposite sign cancel"
        assert f"one network, mean over seeds: calibration error {100 * np.mean(own):.1f} %" in plan.alt
    ensemble = drawn[drawn["of"] == "ensemble"].drop_duplicates("trial").set_index("trial")["ece"]
    table = found.tables["confidence"].set_index("trial")["ensemble_ece"]
    assert ensemble.to_dict() == pytest.approx(table.reindex(ensemble.index).to_dict())


def test_every_configuration_has_its_own_baseline_beside_it(tmp_path: Path) -> None:
    contexts = [{"optimizer.lr": lr} for lr in (1e-3, 1e-2, 1e-1)]
    plan = [planned("hidden", rate, params=one, better=rate) for one in contexts for rate in (0.0, 0.1, 0.2)]
    for one in plan[6:]:
        one.better -= 5.0  # so bad that none of the third context is among the best eight
    plan += [planned("input", 0.1 * n, params=one, better=0.1 * n) for one in contexts[:2] for n in (1, 2, 3)]
    folder = with_predictions(Sweep(plan, seeds=2), tmp_path / "s")
    found = evidence_of(folder)
    shown = found.tables["confidence"]
    rows = found.table.set_index("trial").loc[shown["trial"]]
    assert set(rows.loc[rows["baseline"], "context"]) == set(rows["context"])
    assert rows["baseline"].sum() == 2
    assert len(shown) == 10


def test_without_predictions_the_table_has_no_row_and_the_figure_a_reason(tmp_path: Path) -> None:
    sweep = Sweep(grid(("hidden",), (0.0, 0.3), hump), seeds=2, epochs=3)
    found = evidence_of(sweep.write(tmp_path / "none"))
    assert found.tables["confidence"].empty
    assert RELIABILITY.plan(found) == "Reliability is not drawn: no predictions are recorded."
