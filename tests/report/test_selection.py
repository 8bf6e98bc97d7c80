"""Choosing the best: how much that flatters, and how sure the choice is, where the truth is known."""

import numpy as np
import pytest

from dropout_lab.report.statistics import best_setting, optimism


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


def test_the_interval_of_the_best_rate_holds_it() -> None:
    """A parabola with its minimum at 0.4 on a grid of ten: the percentile interval of the bootstrapped best rate."""
    generator = np.random.default_rng(0)
    rates = np.arange(10) / 10
    inside, widths = [], []
    for repetition in range(200):
        noise = generator.normal(size=(10, 20)) + 2 * generator.normal(size=20)
        found = best_setting(10 * (rates - 0.4)[:, None] ** 2 + noise, rates, seed=repetition)
        inside.append(found.low <= 0.4 <= found.high)
        widths.append(found.high - found.low)
        assert found.share.sum() == pytest.approx(1)
        assert found.low <= found.best <= found.high
    assert 0.93 <= np.mean(inside) <= 1
    assert np.mean(widths) < 0.6, "it says something"
