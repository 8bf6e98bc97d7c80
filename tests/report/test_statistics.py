"""Intervals, Holm's correction and the Kaplan-Meier median, against worked examples and SciPy's own."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dropout_lab.report.statistics import holm, kaplan_meier_median, mean_over_seeds, paired_difference

floats = st.floats(-100, 100).map(lambda x: round(x, 3))


@given(st.lists(floats, min_size=2, max_size=12))
def test_interval_and_p_are_those_of_scipy(values: list[float]) -> None:
    ours = mean_over_seeds(values)
    if len(set(values)) == 1:
        assert math.isnan(ours.low)
        return
    theirs = stats.ttest_1samp(values, 0.0)
    low, high = theirs.confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx((low, high), rel=1e-9, abs=1e-9)
    assert ours.p == pytest.approx(theirs.pvalue, rel=1e-9, abs=1e-12)


def test_paired_difference_uses_shared_seeds_only() -> None:
    ours, theirs = {0: 1.0, 1: 2.0, 2: 4.0, 7: 100.0}, {0: 0.5, 1: 1.0, 2: 1.0, 8: -100.0}
    found = paired_difference(ours, theirs)
    assert found.n == 3
    assert found.mean == pytest.approx(1.5)  # (0.5 + 1 + 3) / 3
    assert found.p == pytest.approx(stats.ttest_rel([1.0, 2.0, 4.0], [0.5, 1.0, 1.0]).pvalue)


@pytest.mark.parametrize("values", [[], [3.0], [0.1 + 0.2, 0.3], [math.nan, 1.0]])
def test_no_interval_without_a_spread(values: list[float]) -> None:
    found = mean_over_seeds(values)
    assert math.isnan(found.low)
    assert math.isnan(found.p)
    assert not found.excludes_zero


def test_holm_by_hand() -> None:
    # Sorted: 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 x 1, never less than the one before; NaN is no test.
    p = np.array([0.01, 0.04, np.nan, 0.03, 0.005])
    assert holm(p) == pytest.approx([0.03, 0.06, np.nan, 0.06, 0.02], nan_ok=True)
    assert holm(np.array([0.9, 0.8])) == pytest.approx([1.0, 1.0])
    assert np.isnan(holm(np.array([np.nan]))).all()


def test_kaplan_meier_median_by_hand() -> None:
    # All arrive: the median epoch. At 3, 2 of 4 are there.
    assert kaplan_meier_median([2, 3, 5, 9], [True] * 4) == 3
    # Survival 4/5 at epoch 2; one is censored at 3; of the three left, one arrives at 4: 4/5 x 2/3 = 8/15 > 1/2; then
    # one of two at 6: 4/15. Were the censored run taken for an arrival, it would be 4.
    assert kaplan_meier_median([2, 3, 4, 6, 9], [True, False, True, True, False]) == 6
    # Censored at the epoch of an arrival: still at risk there.
    assert kaplan_meier_median([5, 5], [True, False]) == 5
    assert kaplan_meier_median([5, 5, 5], [True, False, False]) == math.inf
    assert kaplan_meier_median([30, 30], [False, False]) == math.inf


@given(st.lists(st.tuples(st.integers(1, 15), st.booleans()), min_size=1, max_size=20))
def test_kaplan_meier_median_is_that_of_scipy(runs: list[tuple[int, bool]]) -> None:
    arrived = [epoch for epoch, reached in runs if reached]
    censored = [epoch for epoch, reached in runs if not reached]
    curve = stats.ecdf(stats.CensoredData(uncensored=arrived, right=censored)).sf
    below = curve.quantiles[curve.probabilities <= 0.5 + 1e-12]
    expected = float(below[0]) if len(below) else math.inf
    if expected not in arrived:  # SciPy's curve lists censored epochs too
        expected = next((float(e) for e in sorted(arrived) if e >= expected), math.inf)
    assert kaplan_meier_median(*zip(*runs, strict=True)) == expected
