"""The interval of the chosen configuration, which was chosen for looking best, covers its true difference."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dropout_lab.report.frames.ranking import ranked
from dropout_lab.report.statistics import ALPHA, LEVEL, means_of_rows
from dropout_lab.report.topics.choice import choose, p_best
from dropout_lab.report.topics.configurations.configurations import configurations
from tests.report.canned import grid, hump
from tests.report.large import Large


def test_the_interval_of_the_chosen_covers() -> None:
    """24 configurations equal to their baseline and 10 seeds, 4000 times: the one of the lowest mean."""
    generator, off = np.random.default_rng(0), []
    for _ in range(4000):
        values = generator.normal(size=(25, 10))
        off.append(values[1 + values[1:].mean(axis=1).argmin()] - values[0])
    rows = np.array(off)
    wide, plain = means_of_rows(rows, 1 - ALPHA / 24), means_of_rows(rows, LEVEL)
    assert ((wide.low <= 0) & (wide.high >= 0)).mean() >= 0.93
    assert ((plain.low <= 0) & (plain.high >= 0)).mean() < 0.9, "why that of one comparison will not do"


def test_it_is_that_of_bonferroni() -> None:
    frames = Large(grid(effect=hump), seeds=6, epochs=50, draw=3).frames(curves=False)
    table = ranked(configurations(frames), "val_loss", 6)
    found = choose(frames, table)
    assert found.best is not None
    assert found.difference is not None
    assert found.tests == 24
    runs = frames.runs.pivot(index="seed", columns="trial", values="val_loss")
    test = stats.ttest_1samp(runs[found.best["trial"]] - runs[0], 0)
    ends = test.confidence_interval(1 - ALPHA / 24)
    assert (found.difference.low, found.difference.high) == pytest.approx((ends.low, ends.high))
    row = table.set_index("trial").loc[found.best["trial"]]
    ends = test.confidence_interval(LEVEL)
    assert (row["val_loss_diff_low"], row["val_loss_diff_high"]) == pytest.approx((ends.low, ends.high))
    assert found.difference.p == pytest.approx(row["val_loss_p_holm"])
    assert found.is_significant


@pytest.mark.parametrize("truth", ["alike", "two alike", "noisy", "certain"])
@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_the_confidence_set_with_the_tests_against_the_reference_holds_the_best(truth: str, seeds: int) -> None:
    """p_best joins two families of tests; the truly best one, number 1, is left out in at most 5 % of sweeps."""
    effects, spread = np.zeros(12), np.ones(12)
    effects[1] = -0.001
    if truth == "two alike":
        effects[2:] = 5.0
    if truth == "noisy":
        spread[1], spread[2:] = 4.0, 0.1
    if truth == "certain":
        effects[2:], spread[2:], spread[0] = 2.0, 0.1, 0.1
    generator, out = np.random.default_rng(seeds), 0
    frames = Large(grid(("a", "b"), (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)), seeds=seeds, epochs=2).frames(curves=False)
    table = ranked(configurations(frames), "val_loss", seeds)
    count = len(table)
    places = pd.Index(frames.trials["trial"]).get_indexer(pd.Index(frames.runs["trial"]))
    for _ in range(60):
        values = effects[:count, None] + spread[:count, None] * generator.normal(size=(count, seeds))
        values += 2 * generator.normal(size=seeds)
        runs = frames.runs.assign(val_loss=values[places, frames.runs["seed"].to_numpy()])
        drawn = replace(frames, runs=runs)
        means = pd.Series(values.mean(axis=1), index=frames.trials["trial"])
        order = table.assign(val_loss=table["trial"].map(means)).sort_values("val_loss", ignore_index=True)
        p = p_best(drawn, order)
        out += bool(p[1] < ALPHA) and order["trial"].iloc[0] != 1
    assert out <= 7, "5 % of 60 are 3; more than 7 have a probability of 0.7 %"
