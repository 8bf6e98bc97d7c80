"""The chosen configuration on the test set, from predictions on the disk, by independent means."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from dropout_lab.records import predictions
from dropout_lab.report.frames.load import load
from dropout_lab.report.statistics import crossed_mean
from dropout_lab.report.topics.test_set.test_set import BOTH, SEEDS
from tests.report.canned import Sweep, evidence_of, grid, hump

CLASSES, EXAMPLES = 4, 90


def log_probs(run: int, targets: np.ndarray, skill: float) -> np.ndarray:
    """Answers whose difficulty is that of the example, and which no two runs share."""
    hard = np.random.default_rng(1).normal(size=(len(targets), CLASSES))
    logits = hard + np.random.default_rng(100 + run).normal(size=(len(targets), CLASSES))
    logits += skill * (np.arange(CLASSES) == targets[:, None])
    return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Sweep(grid(("hidden",), (0.0, 0.3), hump), seeds=4).write(tmp_path / "s")


@pytest.fixture
def targets() -> np.ndarray:
    return np.random.default_rng(0).integers(CLASSES, size=EXAMPLES)


def write_all(folder: Path, targets: np.ndarray) -> None:
    for number, row in enumerate(load(folder).runs.to_dict("records")):
        predictions.write(folder, row["id"], log_probs(number, targets, 1 + 2 * row["rate"]), targets)


def read(folder: Path, trial: int) -> tuple[np.ndarray, np.ndarray]:
    """The losses and hits of a trial, seeds x examples, straight from the files."""
    runs = load(folder).runs
    losses, hits = [], []
    for run in runs.loc[runs["trial"] == trial].sort_values("seed")["id"]:
        kept = np.load(folder / "predictions" / f"{run}.npz")
        probs = np.exp(kept["log_probs"].astype(float))
        probs /= probs.sum(axis=1, keepdims=True)
        losses.append(-np.log(probs[np.arange(EXAMPLES), kept["targets"]]))
        hits.append((probs.argmax(axis=1) == kept["targets"]).astype(float))
    return np.array(losses), np.array(hits)


def test_the_intervals_cover_seeds_and_examples(folder: Path, targets: np.ndarray) -> None:
    write_all(folder, targets)
    found = evidence_of(folder)
    table = found.tables["test_set"].set_index("metric")
    best, runs = found.choice.best, found.frames.runs
    assert best is not None
    assert best["trial"] == 1
    for metric, ours, theirs in zip(("test_loss", "test_accuracy"), read(folder, 1), read(folder, 0), strict=True):
        row = table.loc[metric]
        recorded = runs.pivot(index="seed", columns="trial", values=metric)
        assert (row["seeds"], row["examples"], row["covers"]) == (4, EXAMPLES, BOTH)
        assert row["value"] == pytest.approx(recorded[1].mean())
        assert row["other"] == pytest.approx(recorded[0].mean())
        assert row["difference"] == pytest.approx((recorded[1] - recorded[0]).mean())
        expected = crossed_mean(ours - theirs)
        assert row["p"] == pytest.approx(expected.p)
        width = expected.high - expected.low
        assert row["difference_high"] - row["difference_low"] == pytest.approx(width)
        middle = (row["difference_high"] + row["difference_low"]) / 2
        assert middle == pytest.approx(row["difference"]), "around the recorded mean"
        assert row["high"] - row["low"] == pytest.approx(crossed_mean(ours).high - crossed_mean(ours).low, rel=1e-6)


def test_without_predictions_they_cover_seeds_alone(folder: Path) -> None:
    found = evidence_of(folder)
    for row in found.tables["test_set"].to_dict("records"):
        runs = found.frames.runs.pivot(index="seed", columns="trial", values=row["metric"])
        ends = stats.ttest_1samp(runs[1] - runs[0], 0).confidence_interval()
        assert (row["examples"], row["covers"]) == (0, SEEDS)
        assert (row["difference_low"], row["difference_high"]) == pytest.approx((ends.low, ends.high))


@pytest.mark.parametrize("damage", ["missing", "torn", "other targets", "fewer examples"])
def test_predictions_that_do_not_fit_are_not_used(damage: str, folder: Path, targets: np.ndarray) -> None:
    write_all(folder, targets)
    run = str(load(folder).runs.query("trial == 1 and seed == 2")["id"].iloc[0])
    path = folder / "predictions" / f"{run}.npz"
    if damage == "missing":
        path.unlink()
    elif damage == "torn":
        path.write_bytes(path.read_bytes()[:100])
    else:
        wrong = (targets + 1) % CLASSES if damage == "other targets" else targets[:-1]
        predictions.write(folder, run, log_probs(9, wrong, 1.0), wrong)
    table = evidence_of(folder).tables["test_set"]
    assert set(table["covers"]) == {SEEDS}


def test_a_baseline_on_other_examples_is_compared_by_seeds_alone(folder: Path, targets: np.ndarray) -> None:
    """As many examples with other targets, as where the data set was swept: no pair of examples belongs together."""
    write_all(folder, targets)
    other = (targets + 1) % CLASSES
    for number, run in enumerate(load(folder).runs.query("trial == 0")["id"]):
        predictions.write(folder, str(run), log_probs(number, other, 1.0), other)
    table = evidence_of(folder).tables["test_set"]
    assert set(table["covers"]) == {SEEDS}


def test_no_dropout_as_the_best_stands_beside_the_best_with_dropout(tmp_path: Path, targets: np.ndarray) -> None:
    folder = Sweep(grid(("hidden",), (0.0, 0.3), lambda placement, rate: -1.0), seeds=3, epochs=5).write(tmp_path / "s")
    write_all(folder, targets)
    found = evidence_of(folder)
    (best,) = found.table.loc[found.table["baseline"], "trial"]
    (other,) = found.table.loc[~found.table["baseline"], "trial"]
    table = found.tables["test_set"]
    assert table["trial"].eq(best).all()
    assert table["against"].eq(other).all()
    means = found.frames.runs.groupby("trial")["test_loss"].mean()
    loss = table.set_index("metric").loc["test_loss"]
    assert loss["difference"] == pytest.approx(means[best] - means[other])
    assert set(table["covers"]) == {BOTH}


def test_a_configuration_alone_has_no_difference(tmp_path: Path, targets: np.ndarray) -> None:
    folder = Sweep(grid(("hidden",), (0.0,)), seeds=3, epochs=5).write(tmp_path / "s")
    write_all(folder, targets)
    table = evidence_of(folder).tables["test_set"]
    assert table[["difference", "other", "p"]].isna().all(axis=None)
    assert table["low"].notna().all()
