"""Intervals that hold together, and the tests of the reference's margin, against SciPy and simulations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dropout_lab.report.statistics import ALPHA, holm, means_of_rows, no_better_p, simultaneous


def drawn(draw: int, rows: int = 8, seeds: int = 5, shift: float = 0.0) -> np.ndarray:
    generator = np.random.default_rng(draw)
    return generator.normal(size=(rows, seeds)) * generator.uniform(0.1, 2, size=(rows, 1)) + shift


def test_the_intervals_are_those_of_bonferroni_by_scipy() -> None:
    values = drawn(0)
    found = simultaneous(values)
    for row, of_row in enumerate(values):
        theirs = stats.ttest_1samp(of_row, 0)
        assert found.p[row] == pytest.approx(holm(np.asarray(stats.ttest_1samp(values, 0, axis=1).pvalue))[row])
        ends = theirs.confidence_interval(1 - 0.05 / 8)
        if found.p[row] >= ALPHA or ends.low > 0 or ends.high < 0:
            assert (found.low[row], found.high[row]) == pytest.approx((ends.low, ends.high))


@given(st.integers(0, 10_000), st.floats(0, 3), st.integers(2, 8))
def test_an_interval_excludes_zero_or_ends_there_where_the_test_rejects(draw: int, shift: float, seeds: int) -> None:
    found = simultaneous(drawn(draw, seeds=seeds, shift=shift))
    excludes = (found.low >= 0) | (found.high <= 0)
    assert (excludes == (found.p < ALPHA)).all()
    assert (found.low <= found.mean).all()
    assert (found.mean <= found.high).all()


def test_where_holm_rejects_and_bonferroni_does_not_the_interval_ends_at_zero() -> None:
    base = np.array([-1.0, 0.0, 1.0, -0.5, 0.5])
    values = np.stack([base / 10 + 1, base + 1.1])
    p = np.asarray(stats.ttest_1samp(values, 0, axis=1).pvalue)
    assert p[1] < ALPHA < 2 * p[1]
    found = simultaneous(values)
    assert found.low[1] == 0.0
    assert found.low[0] > 0


def test_the_number_of_tests_may_be_given_and_missing_rows_are_no_tests() -> None:
    values = drawn(1, rows=3)
    alone = simultaneous(values[:1], tests=24)
    ends = stats.ttest_1samp(values[0], 0).confidence_interval(1 - 0.05 / 24)
    if alone.p[0] >= ALPHA:
        assert (alone.low[0], alone.high[0]) == pytest.approx((ends.low, ends.high))
    gaps = np.vstack([values, np.full((1, 5), np.nan), np.ones((1, 5))])
    found, without = simultaneous(gaps), simultaneous(values)
    assert found.low[:3] == pytest.approx(without.low)
    assert found.p[:3] == pytest.approx(without.p)
    assert np.isnan(found.p[3:]).all()


@pytest.mark.parametrize("seeds", [2, 5])
@pytest.mark.parametrize("far", [0, 12])
def test_together_they_cover(seeds: int, far: int) -> None:
    """All 24 true differences at once, `far` of them not 0, in 95 % of 2,000 sweeps."""
    generator, truth = np.random.default_rng(seeds), np.zeros(24)
    truth[:far] = np.linspace(0.5, 5, far)
    covered = 0
    for _ in range(2000):
        reference = generator.normal(size=seeds)
        found = simultaneous(truth[:, None] + generator.normal(size=(24, seeds)) - reference)
        covered += bool(((found.low <= truth) & (truth <= found.high)).all())
    assert covered >= 1870


@given(st.lists(st.floats(-1, 1).map(lambda x: round(x, 3)), min_size=3, max_size=8), st.floats(0.01, 2))
def test_no_better_is_a_one_sided_t_test(values: list[float], margin: float) -> None:
    if len(set(values)) < 2:
        return
    found = no_better_p(np.array([values]), margin)[0]
    theirs = stats.ttest_1samp(values, margin, alternative="less")
    assert found == pytest.approx(theirs.pvalue, abs=1e-9)


def test_no_better_needs_a_spread_and_takes_a_margin_for_each_row() -> None:
    values = np.array([[0.1, 0.2, 0.3], [0.1, 0.2, 0.3], [0.2, 0.2, 0.2], [0.1, np.nan, np.nan]])
    found = no_better_p(values, np.array([0.5, 0.1, 1.0, 1.0]))
    assert found[0] == pytest.approx(stats.ttest_1samp(values[0], 0.5, alternative="less").pvalue)
    assert found[0] < 0.05 < 0.5 < found[1]
    assert np.isnan(found[2:]).all()


def test_that_none_is_better_takes_no_correction() -> None:
    """One of 24 is better by exactly the margin: all tests together err in at most 5 % of 2,000 sweeps."""
    generator, wrong = np.random.default_rng(4), 0
    truth = np.full(24, -5.0)
    truth[3] = 1.0
    for _ in range(2000):
        wrong += bool((no_better_p(truth[:, None] + generator.normal(size=(24, 5)), 1.0) < ALPHA).all())
    assert wrong <= 130
    assert means_of_rows(np.array([[1.0, 2.0]])).mean[0] == 1.5
