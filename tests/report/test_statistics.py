"""Intervals, Holm's correction and the probability of improvement, against worked examples and SciPy's own."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dropout_lab.report.statistics import holm, means_of_rows, paired_improvement, simultaneous

floats = st.floats(-100, 100).map(lambda x: round(x, 3))


@given(st.lists(floats, min_size=2, max_size=12))
def test_interval_and_p_are_those_of_scipy(values: list[float]) -> None:
    ours = means_of_rows(np.array([values])).of(0)
    if len(set(values)) == 1:
        assert math.isnan(ours.low)
        return
    theirs = stats.ttest_1samp(values, 0.0)
    low, high = theirs.confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx((low, high), rel=1e-9, abs=1e-9)
    assert ours.p == pytest.approx(theirs.pvalue, rel=1e-9, abs=1e-12)


def test_values_that_are_missing_are_left_out_row_by_row() -> None:
    ours = np.array([[1.0, 2.0, 4.0, 100.0, math.nan], [1.0, 2.0, 4.0, math.inf, 5.0]])
    theirs = np.array([[0.5, 1.0, 1.0, math.nan, -100.0], [0.5, 1.0, 1.0, 7.0, 4.5]])
    found = means_of_rows(ours - theirs)
    assert list(found.n) == [3, 4]
    assert found.mean[0] == pytest.approx(1.5)  # (0.5 + 1 + 3) / 3
    assert found.p[0] == pytest.approx(stats.ttest_rel([1.0, 2.0, 4.0], [0.5, 1.0, 1.0]).pvalue)


@pytest.mark.parametrize("values", [[], [3.0], [0.1 + 0.2, 0.3], [math.nan, 1.0]])
def test_no_interval_without_a_spread(values: list[float]) -> None:
    found = means_of_rows(np.array([values])).of(0)
    assert math.isnan(found.low)
    assert math.isnan(found.p)
    assert math.isnan(found.high)


def test_holm_by_hand() -> None:
    # Sorted: 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 x 1, never less than the one before; NaN is no test.
    p = np.array([0.01, 0.04, np.nan, 0.03, 0.005])
    assert holm(p) == pytest.approx([0.03, 0.06, np.nan, 0.06, 0.02], nan_ok=True)
    assert holm(np.array([0.9, 0.8])) == pytest.approx([1.0, 1.0])
    assert np.isnan(holm(np.array([np.nan]))).all()


@given(st.integers(0, 10_000))
def test_simultaneous_intervals_agree_with_holm(draw: int) -> None:
    """Each is at least as wide as that of one comparison, and excludes 0, or ends there, where the test rejects."""
    generator = np.random.default_rng(draw)
    values = generator.normal(generator.normal(0, 0.5, size=(6, 1)), 0.3, size=(6, 5))
    alone, together = means_of_rows(values), simultaneous(values)
    assert together.p == pytest.approx(holm(alone.p))
    rejected = together.p < 0.05
    np.testing.assert_array_equal((together.low >= 0) | (together.high <= 0), rejected)
    assert (together.low[~rejected] < alone.low[~rejected]).all()
    assert (together.high[~rejected] > alone.high[~rejected]).all()
    assert simultaneous(values[:1]).low == pytest.approx(alone.low[:1])


def test_paired_improvement_is_the_binomial_interval() -> None:
    differences = np.array([[1.0, 2, 3, -1, np.nan], [1, 1, 1, 1, 1], [-1, -1, -1, np.nan, np.nan], [np.nan] * 5])
    found = paired_improvement(differences)
    assert found.probability[:3] == pytest.approx([0.75, 1, 0])
    for row, (wins, n) in enumerate([(3, 4), (5, 5), (0, 3)]):
        theirs = stats.binomtest(wins, n).proportion_ci(method="exact")
        assert (found.low[row], found.high[row]) == pytest.approx((theirs.low, theirs.high))
    assert np.isnan(found.low[3])
    assert paired_improvement(np.array([[0.0, 0.0]])).probability[0] == 0.5
