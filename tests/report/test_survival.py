"""Kaplan-Meier curves, medians and restricted means, against published numbers, lifelines and SciPy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dropout_lab.report.statistics import kaplan_meier, medians, restricted_mean

# Acute myelogenous leukaemia, R. Miller, Survival Analysis (1981), p. 49: weeks, whether a relapse, maintained or not.
MAINTAINED = ([9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161], [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0])
NOT = ([5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45], [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1])
EPOCHS = np.array(MAINTAINED[0] + NOT[0])
REACHED = np.array(MAINTAINED[1] + NOT[1], dtype=bool)
GROUPS = np.repeat([0, 1], [11, 12])


def test_published_curves_and_means() -> None:
    """`print(survfit(Surv(time, status) ~ x, data = aml), rmean = 161)` of R's survival: 52.6 (19.83), 22.7 (4.18)."""
    curves = kaplan_meier(GROUPS, EPOCHS, REACHED, 2, 161)
    mean, error = restricted_mean(curves, 161)
    assert mean == pytest.approx([52.645, 22.708], abs=1e-3)
    assert error == pytest.approx([19.829, 4.181], abs=1e-3)
    # lifelines 0.30.3, KaplanMeierFitter, with its log-log interval.
    assert curves.surviving[0, [8, 12, 22, 47]] == pytest.approx([0.909091, 0.818182, 0.613636, 0.184091], abs=1e-6)
    assert curves.low[0, [8, 12, 22, 47]] == pytest.approx([0.508080, 0.447429, 0.265752, 0.011738], abs=1e-6)
    assert curves.high[0, [8, 12, 22, 47]] == pytest.approx([0.986674, 0.951162, 0.835299, 0.525015], abs=1e-6)
    assert restricted_mean(curves, 30)[0] == pytest.approx([24.602273, 19.694444])
    found = medians(curves)
    assert list(found.median) == [31, 23]
    assert list(found.low) == [13, 5]
    assert list(found.high) == [np.inf, 33]


def test_a_shorter_horizon_is_the_beginning_of_a_longer_one() -> None:
    whole, short = (kaplan_meier(GROUPS, EPOCHS, REACHED, 2, horizon) for horizon in (161, 30))
    for ours, theirs in zip(short, whole, strict=True):
        np.testing.assert_array_equal(ours, theirs[:, :30])


def median(epochs: Sequence[int], reached: Sequence[bool]) -> float:
    """The Kaplan-Meier median of one group."""
    horizon = max(epochs)
    groups = np.zeros(len(epochs), dtype=int)
    return float(medians(kaplan_meier(groups, np.array(epochs), np.array(reached), 1, horizon)).median[0])


def test_the_median_by_hand() -> None:
    # All arrive: the median epoch. At 3, 2 of 4 are there.
    assert median([2, 3, 5, 9], [True] * 4) == 3
    # Survival 4/5 at epoch 2; one is censored at 3; of the three left, one arrives at 4: 4/5 x 2/3 = 8/15 > 1/2; then
    # one of two at 6: 4/15. Were the censored run taken for an arrival, it would be 4.
    assert median([2, 3, 4, 6, 9], [True, False, True, True, False]) == 6
    # Censored at the epoch of an arrival: still at risk there.
    assert median([5, 5], [True, False]) == 5
    assert median([5, 5, 5], [True, False, False]) == np.inf
    assert median([30, 30], [False, False]) == np.inf


runs = st.lists(st.tuples(st.integers(1, 15), st.booleans()), min_size=1, max_size=20)


@pytest.mark.filterwarnings("ignore:The confidence interval is undefined at some observations")
@given(st.lists(runs, min_size=1, max_size=4))
def test_many_groups_at_once_are_scipys_curves(groups: list[list[tuple[int, bool]]]) -> None:
    owners = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    epochs, reached = (np.array([run[side] for group in groups for run in group]) for side in (0, 1))
    curves = kaplan_meier(owners, epochs, reached.astype(bool), len(groups), 15)
    for index, group in enumerate(groups):
        arrived, censored = ([e for e, r in group if r is which] for which in (True, False))
        theirs = stats.ecdf(stats.CensoredData(uncensored=arrived, right=censored)).sf
        below = theirs.quantiles[theirs.probabilities <= 0.5 + 1e-12]
        # SciPy's curve has the censored epochs too, at which nobody arrives.
        later = [epoch for epoch in sorted(arrived) if len(below) and epoch >= below[0]]
        assert medians(curves).median[index] == (later[0] if later else np.inf)
        assert curves.surviving[index] == pytest.approx(theirs.evaluate(np.arange(1, 16)))
        assert curves.at_risk[index, 0] == len(group)
        if 0 < curves.surviving[index, -1] < 1:
            bounds: Any = theirs.confidence_interval(method="log-log")
            assert curves.low[index, -1] == pytest.approx(bounds.low.probabilities[-1])
            assert curves.high[index, -1] == pytest.approx(bounds.high.probabilities[-1])


def test_restricted_mean_without_censoring_is_the_mean() -> None:
    epochs = np.array([2, 3, 3, 7, 11])
    curves = kaplan_meier(np.zeros(5, dtype=int), epochs, np.ones(5, dtype=bool), 1, 12)
    mean, error = restricted_mean(curves, 12)
    assert mean[0] == pytest.approx(epochs.mean())
    assert error[0] == pytest.approx(epochs.std() / 5**0.5)  # Greenwood divides by n, not n - 1


def test_a_group_without_runs_and_one_that_is_there_at_once() -> None:
    curves = kaplan_meier(np.array([1, 1]), np.array([4, 4]), np.array([True, True]), 2, 6)
    mean, error = restricted_mean(curves, 6)
    assert np.isnan(mean[0])
    assert np.isnan(medians(curves).median[0])
    assert mean[1] == 4
    assert np.isnan(error[1])
    assert medians(curves).median[1] == 4


def test_restricted_mean_covers() -> None:
    """Arrivals at a chance of 0.1 an epoch, censored at epochs 5 to 40: 95 % intervals from 100 runs."""
    generator = np.random.default_rng(4)
    count, n, horizon = 1500, 100, 30
    times = generator.geometric(0.1, size=(count, n))
    censored = generator.integers(5, 41, size=(count, n))
    curves = kaplan_meier(
        np.repeat(np.arange(count), n), np.minimum(times, censored).ravel(), (times <= censored).ravel(), count, horizon
    )
    truth = sum(0.9**epoch for epoch in range(horizon))
    mean, error = restricted_mean(curves, horizon)
    covered = np.abs(mean - truth) <= 1.96 * error
    assert 0.93 <= covered.mean() <= 0.97
    found = medians(curves)
    assert 0.93 <= ((found.low <= 7) & (found.high >= 7)).mean() <= 1  # 1 - 0.9^7 is 0.52: whole epochs cover more
