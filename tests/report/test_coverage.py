"""Sweeps with planted effects: the intervals of the tables cover them as often as they say."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from dropout_lab.report.frames.ranking import ranked
from dropout_lab.report.statistics import Floats
from dropout_lab.report.topics.configurations.configurations import configurations
from dropout_lab.report.topics.differences.comparisons import comparisons
from dropout_lab.report.topics.differences.variance import variance
from dropout_lab.report.topics.search.edges import edges
from tests.report.canned import grid, hump, planned
from tests.report.large import Large

CONTEXTS = 1500
"""Each with a baseline of its own and one configuration with dropout: as many repetitions, independent but for what the
seeds do to all alike, which pairing takes out."""


def pairs(seeds: int, better: float = 0.01) -> Large:
    settings = [{"optimizer.lr": (1 + n) * 1e-5} for n in range(CONTEXTS)]
    plan = []
    for params in settings:
        plan += [planned("hidden", 0.0, params=params), planned("hidden", 0.3, better=better, params=params)]
    return Large(plan, seeds=seeds, epochs=12, draw=seeds)


def compared(sweep: Large) -> tuple[pd.DataFrame, Floats]:
    """Comparisons of the validation loss, and the true differences."""
    frames = sweep.frames(curves=False)
    table = ranked(configurations(frames), "val_loss", sweep.seeds)
    found = comparisons(frames, table)
    found = found[found["metric"] == "val_loss"]
    truth = sweep.truth()
    return found, truth[found["trial"]] - truth[found["against"]]


def coverage(low: pd.Series, high: pd.Series, truth: Floats) -> float:
    return float(((low <= truth) & (truth <= high)).mean())


@pytest.mark.parametrize("seeds", [3, 10])
def test_intervals_of_planted_differences_cover(seeds: int) -> None:
    found, truth = compared(pairs(seeds))
    assert len(found) == CONTEXTS
    assert 0.93 <= coverage(found["low"], found["high"], truth) <= 0.97
    improvement = ndtr(-truth / (2**0.5 * 0.01))
    assert coverage(found["improvement_low"], found["improvement_high"], improvement) >= 0.95


def test_no_effect_is_found_as_often_as_the_level_says() -> None:
    sweep = pairs(5, better=0.0)
    found, truth = compared(sweep)
    off = found.assign(mean=found["mean"] - truth)
    assert (found["p"] < 0.05).mean() > 0.9, "slower training and less overfitting are effects, too"
    t = off["mean"] / (off["deviation"] / 5**0.5)
    assert (np.abs(t) > 2.7764).mean() == pytest.approx(0.05, abs=0.02)


def test_components_of_variance_are_those_planted() -> None:
    sweep = Large(grid(effect=hump, epochs=20), seeds=40, epochs=20, noise=0.01, common=0.03, draw=1)
    frames = sweep.frames(curves=False)
    found = variance(frames, ranked(configurations(frames), "val_loss", 40)).set_index("metric").loc["val_loss"]
    assert found["own_deviation"] == pytest.approx(0.01, rel=0.1)
    assert found["common_deviation"] == pytest.approx(0.03, rel=0.3)
    assert found["study_deviation"] == pytest.approx(sweep.truth().std(ddof=1), rel=0.05)
    assert found["correlation"] == pytest.approx(0.9, abs=0.08)


def test_the_best_of_each_value_is_the_one_planted() -> None:
    settings = [{"optimizer.lr": lr} for lr in (1e-4, 1e-3, 1e-2)]
    add = {1e-4: 0.0, 1e-3: 0.2, 1e-2: 0.1}
    place_adds = {"input": 0.0, "hidden": 0.05}
    plan = [
        planned(place, rate, better=add[p["optimizer.lr"]] + place_adds[place] * bool(rate), params=p)
        for p in settings
        for place in ("input", "hidden")
        for rate in ((0.0, 0.2, 0.4) if place == "input" else (0.2, 0.4))
    ]
    sweep = Large(plan, seeds=6, epochs=20)
    frames = sweep.frames(curves=False)
    table = ranked(configurations(frames), "val_loss", 6)
    alone = edges(frames, table)
    rows = alone[alone["setting"] == "optimizer.lr"]
    assert list(rows["value"]) == [1e-4, 1e-3, 1e-2]
    assert list(rows["best"]) == [False, True, False]
    assert list(rows["edge"]) == ["", "", ""]
    # Each learning rate against its own baseline; a placement against the best of all three.
    assert list(rows["n_baselines"]) == [1, 1, 1]
    truth = sweep.truth()
    assert rows["difference"].to_numpy() == pytest.approx(
        truth[rows["trial"]] - truth[rows["baseline_trial"].astype(int)], abs=0.02
    )
    places = alone[alone["setting"] == "placement"]
    assert list(places["n_baselines"]) == [3, 3]
    assert places["baseline_trial"].nunique() == 1
