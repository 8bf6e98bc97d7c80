"""What few seeds can show: the least p, power, equivalence; against SciPy and statsmodels."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from dropout_lab.report.statistics import (
    Floats,
    equivalence_p,
    power,
    seeds_needed,
    seeds_to_reach,
    sign_flip_p,
    smallest_p,
)


@pytest.mark.parametrize("seeds", [3, 5, 6, 8])
def test_the_least_p_is_that_of_differences_of_one_sign(seeds: int) -> None:
    values = np.arange(1.0, seeds + 1)
    assert smallest_p(seeds) == pytest.approx(stats.wilcoxon(values, method="exact").pvalue)
    assert sign_flip_p(values[None, :])[0] == pytest.approx(smallest_p(seeds))


def test_how_many_seeds_can_reach_significance() -> None:
    assert seeds_to_reach() == 6  # 5 pairs cannot go below 0.0625
    for tests in (1, 2, 24, 1000):
        enough = seeds_to_reach(tests)
        assert smallest_p(enough, tests) <= 0.05 < smallest_p(enough - 1, tests)
    assert smallest_p(3, 1000) == 1


def _sum(values: Floats, axis: int) -> Floats:
    return np.asarray(np.sum(values, axis=axis))


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=7))
def test_sign_flips_are_scipys_permutation_test(values: list[int]) -> None:
    found = sign_flip_p(np.array([[*values, np.nan]]))[0]
    if not any(values):
        assert np.isnan(found)
        return
    assignments = itertools.product((-1, 1), repeat=len(values))
    sums = [abs(sum(sign * value for sign, value in zip(signs, values, strict=True))) for signs in assignments]
    assert found == pytest.approx(sum(total >= abs(sum(values)) for total in sums) / len(sums))
    if len(values) == 7:
        theirs = stats.permutation_test((np.array(values),), _sum, permutation_type="samples", n_resamples=10_000)
        assert found == pytest.approx(theirs.pvalue)


def test_many_seeds_are_sampled() -> None:
    values = np.random.default_rng(1).normal(0.4, size=(3, 30))
    expected = stats.ttest_1samp(values, 0, axis=1).pvalue
    assert sign_flip_p(values) == pytest.approx(expected, abs=0.02)
    assert sign_flip_p(values[:, :1]) == pytest.approx([1, 1, 1])


def test_power_and_seeds_are_those_of_statsmodels() -> None:
    """statsmodels 0.15.0, TTestPower: power(0.8, 10, 0.05), and solve_power rounded up to whole seeds."""
    assert float(power(np.array(0.8), np.array(10.0), 0.05)) == pytest.approx(0.6162327634744059)
    assert list(seeds_needed(np.array([0.5, -1.0, 0.1]), 0.05)) == [34, 10, 787]
    assert list(seeds_needed(np.array([2.0]), 0.05 / 40)) == [10]
    assert seeds_needed(np.array([0.0]), 0.05)[0] == np.inf
    assert np.isnan(seeds_needed(np.array([np.nan]), 0.05)[0])


@pytest.mark.parametrize("alpha", [0.05, 1e-3, 1e-6])
def test_the_seeds_needed_are_the_least_with_the_power(alpha: float) -> None:
    effects = np.geomspace(0.25, 20, 30)
    needed = seeds_needed(effects, alpha)
    small = needed <= 300
    assert (power(effects, needed, alpha)[small] >= 0.8).all()
    fewer = needed - 1
    assert (power(effects, fewer, alpha)[small & (fewer >= 2)] < 0.8).all()
    assert (np.diff(needed) <= 0).all()


@pytest.mark.parametrize("alpha", [0.05, 1e-4])
@pytest.mark.parametrize("seeds", [3, 11, 60])
def test_an_effect_just_below_what_is_detected_needs_one_more_seed(seeds: int, alpha: float) -> None:
    def short(effect: float) -> float:
        return float(power(np.array(effect), np.array(float(seeds)), alpha)) - 0.8

    detected = optimize.brentq(short, 1e-3, 1e3, xtol=1e-12)
    least = seeds_needed(detected * np.array([1 + 1e-6, 1 - 1e-6]), alpha)
    assert list(least) == [seeds, seeds + 1]


def test_the_power_is_what_a_simulation_finds() -> None:
    effect, alpha = 1.2, 0.05 / 24
    n = int(seeds_needed(np.array([effect]), alpha)[0])
    drawn = np.random.default_rng(6).normal(effect, size=(4000, n))
    seen = np.asarray(stats.ttest_1samp(drawn, 0, axis=1).pvalue) < alpha
    assert 0.78 <= seen.mean() <= 0.87


def test_equivalence_is_that_of_statsmodels() -> None:
    """statsmodels 0.15.0, DescrStatsW.ttost_mean."""
    values = np.array([[0.12, -0.05, 0.3, 0.02, -0.11, 0.07, 0.15]])
    assert equivalence_p(values, 0.2)[0] == pytest.approx(0.02326411614208365)
    assert equivalence_p(values, 0.1)[0] == pytest.approx(0.2993012432765452)


@given(st.lists(st.floats(-1, 1).map(lambda x: round(x, 3)), min_size=3, max_size=8), st.floats(0.01, 2))
def test_equivalence_is_the_90_percent_interval_inside_the_margin(values: list[float], margin: float) -> None:
    if len(set(values)) < 2:
        return
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    found = equivalence_p(np.array([values]), margin)[0]
    if abs(found - 0.05) > 1e-6:
        assert (found < 0.05) == (-margin < low and high < margin)
