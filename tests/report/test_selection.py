"""Choosing the best: how much that flatters, and how sure the choice is, where the truth is known."""

import numpy as np
import pytest
from scipy import stats

from dropout_lab.report.statistics import best_set, optimism


def measured(effects: np.ndarray, seeds: int, repetitions: int = 80) -> tuple[float, float]:
    """The true optimism of the best mean, and the mean estimate of it."""
    generator = np.random.default_rng(len(effects) + seeds)
    true, estimated = [], []
    for repetition in range(repetitions):
        noise = generator.normal(size=(len(effects), seeds))
        values = effects[:, None] + noise + 3 * generator.normal(size=seeds)
        best = values.mean(axis=1).argmin()
        # Against the average configuration, whose luck is that of the seeds.
        true.append(noise.mean() - noise[best].mean())
        estimated.append(optimism(values, resamples=400, seed=repetition).optimism)
    return float(np.mean(true)), float(np.mean(estimated))


@pytest.mark.parametrize("seeds", [5, 10])
def test_of_200_that_are_all_alike_the_best_flatters_by_what_is_estimated(seeds: int) -> None:
    true, estimated = measured(np.zeros(200), seeds)
    assert true == pytest.approx(2.75 / seeds**0.5, rel=0.05)  # the expected least of 200 normal values is -2.75
    assert estimated == pytest.approx(true, rel=0.1)


def test_of_200_that_differ_it_is_estimated_to_a_quarter() -> None:
    true, estimated = measured(np.linspace(0, 1.5, 200), 8)
    assert estimated == pytest.approx(true, rel=0.25)


def test_a_clear_winner_is_hardly_flattered() -> None:
    true, estimated = measured(np.array([0.0, 9, 9, 9, 9]), 5)
    assert abs(true) < 0.1
    assert abs(estimated) < 0.1


def test_one_seed_or_one_configuration_says_nothing() -> None:
    assert np.isnan(optimism(np.zeros((5, 1))).optimism)
    assert np.isnan(optimism(np.zeros((1, 5))).optimism)


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("truth", ["alike", "close", "noisy"])
def test_the_confidence_set_holds_the_best(truth: str, seeds: int) -> None:
    """Also where all are alike, so that what looks best is not the best; and where the bad ones are noisier."""
    generator = np.random.default_rng(seeds)
    effects = {"alike": np.zeros(12), "close": np.arange(12) / 6, "noisy": np.arange(12) / 6}[truth]
    spread = np.linspace(1, 4, 12)[:, None] if truth == "noisy" else 1.0
    held, sizes = [], []
    for _ in range(1500):
        values = effects[:, None] + spread * generator.normal(size=(12, seeds)) + 3 * generator.normal(size=seeds)
        found = best_set(values)
        held.append(found.may_be[0])
        sizes.append(found.may_be.sum())
        assert found.may_be[values.mean(axis=1).argmin()]
        assert (found.may_be == ~(found.low > 0)).all()
    assert 0.945 <= np.mean(held) <= 1
    if seeds == 10 and truth == "close":
        assert np.mean(sizes) < 10, "it says something"


def test_what_is_far_behind_is_not_in_the_set() -> None:
    generator = np.random.default_rng(1)
    values = np.array([0.0, 0.1, 20.0, 40.0])[:, None] + generator.normal(size=(4, 8))
    found = best_set(values)
    assert list(found.may_be) == [True, True, False, False]
    theirs = stats.ttest_rel(values[2], values[found.mean.argmin()], alternative="greater")
    assert found.p[2] == pytest.approx(3 * theirs.pvalue)
    assert found.low[2] == pytest.approx(theirs.confidence_interval(1 - 0.05 / 3).low)


def test_without_a_spread_nothing_is_left_out() -> None:
    assert best_set(np.array([[1.0, 1.0], [2.0, 2.0], [1.0, 1.0]])).may_be.all()
    assert best_set(np.array([[1.0], [2.0]])).may_be.all()
