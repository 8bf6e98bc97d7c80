"""Sweeps with planted effects: the intervals of the tables cover them as often as they say."""

import numpy as np
import pandas as pd
import pytest
from dropout_lab.report.tables import effects
from scipy.special import ndtr

from dropout_lab.report.frames.ranking import ranked
from dropout_lab.report.statistics import BCA_SEEDS, Floats, bca
from dropout_lab.report.topics.configurations.configurations import configurations
from dropout_lab.report.topics.differences.comparisons import comparisons
from dropout_lab.report.topics.differences.variance import variance
from dropout_lab.report.topics.search.edges import isolation
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


@pytest.mark.parametrize("seeds", [3, 10, BCA_SEEDS])
def test_intervals_of_planted_differences_cover(seeds: int) -> None:
    found, truth = compared(pairs(seeds))
    assert len(found) == CONTEXTS
    assert 0.93 <= coverage(found["low"], found["high"], truth) <= 0.97
    improvement = ndtr(-truth / (2**0.5 * 0.01))
    assert coverage(found["improvement_low"], found["improvement_high"], improvement) >= 0.95
    bootstrapped = coverage(found["bca_low"], found["bca_high"], truth)
    if seeds >= BCA_SEEDS:
        assert found["bca_honest"].all()
        assert 0.93 <= bootstrapped <= 0.97
    else:
        assert not found["bca_honest"].any()
        assert bootstrapped < 0.93, "or the table is too modest"


def test_of_long_tails_the_bootstrap_misses_both_sides_more_evenly_than_t() -> None:
    """Why BCa stands beside t at all: exponential values, 60 seeds."""
    values = np.random.default_rng(1).exponential(size=(3000, 60))
    low, high = bca(values)
    assert 0.93 <= ((low <= 1) & (high >= 1)).mean() <= 0.97
    half = 2.001 * values.std(axis=1, ddof=1) / 60**0.5
    above, below = (high < 1).mean(), (low > 1).mean()
    t_above, t_below = (values.mean(axis=1) + half < 1).mean(), (values.mean(axis=1) - half > 1).mean()
    assert abs(above - below) < abs(t_above - t_below)


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


def test_main_effects_and_isolated_values_are_those_planted() -> None:
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
    found = effects(frames, table)
    shares = found[found["metric"] == "val_loss"].set_index("term")["share"]
    assert shares.sum() == pytest.approx(1, abs=0.01), "balanced, and nothing planted but main effects"
    assert shares.idxmax() == "optimizer.lr"
    squares = found[found["metric"] == "val_loss"].set_index("term")["squares"]
    rates = np.array(list(add.values()))
    assert squares["optimizer.lr"] == pytest.approx(4 * ((rates - rates.mean()) ** 2).sum(), rel=0.2)
    assert squares["placement"] == pytest.approx(12 * 0.025**2, rel=0.3)
    alone = isolation(frames, table)
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
