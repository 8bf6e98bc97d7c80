"""The bias from each run's best epoch, recomputed by loops over the raw curves."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from dropout_lab.report.topics.differences.best_epoch import minima
from tests.report.canned import Sweep, evidence, grid, hump


def test_minima_by_hand() -> None:
    curves = np.array([[3.0, 1.0, 2.0], [5.0, 4.0, 2.0], [2.0, 6.0, 3.0]])
    own, other = minima(curves)
    assert list(own) == [1.0, 2.0, 2.0]
    # Means of the others: (3.5, 5, 2.5), (2.5, 3.5, 2.5) whose first lowest counts, (4, 2.5, 2).
    assert list(other) == [2.0, 5.0, 3.0]


def test_epochs_that_a_run_lacks_are_not_chosen_by_the_others() -> None:
    curves = np.array([[3.0, 2.0, 1.0], [3.0, 2.0, np.nan]])
    own, other = minima(curves)
    assert list(own) == [1.0, 2.0]
    assert list(other) == [2.0, 2.0]
    own, other = minima(np.array([[1.0, np.nan], [np.nan, 2.0]]))
    assert list(own) == [1.0, 2.0]
    assert np.isnan(other).all()


def test_the_table_is_that_of_loops_over_the_curves(tmp_path: Path) -> None:
    def fate(trial: int, seed: int) -> str:
        return "failed" if (trial, seed) == (1, 2) else "pruned" if trial == 3 else "complete"

    row: Any
    found = evidence(Sweep(grid(("hidden",), (0.0, 0.2, 0.4, 0.6), hump), epochs=15, fate=fate), tmp_path / "s")
    frames, table = found.frames, found.tables["best_epoch"]
    complete = frames.runs.loc[frames.runs["status"] == "complete", "id"]
    curves = frames.curves[frames.curves["id"].isin(complete)]
    honest: dict[int, dict[int, float]] = {}
    for trial in sorted(set(curves["trial"])):
        mine = curves[curves["trial"] == trial]
        wide: Any = mine.pivot(index="epoch", columns="seed", values="val_loss")
        chosen = {int(seed): wide.drop(columns=seed).mean(axis=1).idxmin() for seed in wide}
        honest[trial] = {seed: float(wide.loc[epoch, seed]) for seed, epoch in chosen.items()}
        row = table.set_index("trial").loc[trial]
        assert row["n"] == wide.shape[1]
        assert row["val_loss"] == pytest.approx(wide.min().mean())
        assert row["at_others_epoch"] == pytest.approx(np.mean(list(honest[trial].values())))
        assert row["bias"] == pytest.approx(row["at_others_epoch"] - row["val_loss"])
        assert row["bias"] >= 0
    assert set(table["trial"]) == {0, 1, 2}
    for trial in (1, 2):
        shared = sorted(honest[0].keys() & honest[trial].keys())
        off = [honest[trial][seed] - honest[0][seed] for seed in shared]
        row = table.set_index("trial").loc[trial]
        ends = stats.ttest_1samp(off, 0).confidence_interval()
        assert row["difference"] == pytest.approx(np.mean(off))
        assert (row["difference_low"], row["difference_high"]) == pytest.approx((ends.low, ends.high))
    assert table.set_index("trial")["difference"].isna().loc[0]


def test_a_curve_that_jumps_is_flattered_most() -> None:
    """Noise of one epoch to the next: the minimum of 30 values of sd 1 is some 2 below their mean, all of it bias."""
    generator = np.random.default_rng(0)
    found = np.array([minima(5 + generator.normal(size=(5, 30))) for _ in range(300)])
    assert found[:, 0].mean() == pytest.approx(5 - 2.04, abs=0.1)
    assert found[:, 1].mean() == pytest.approx(5, abs=0.1), "the other seeds know nothing of the noise"
