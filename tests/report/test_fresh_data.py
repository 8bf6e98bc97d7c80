"""The benchmark of coverage on fresh data sets: a few of them, and its arithmetic."""

import numpy as np
import pytest

from dropout_lab.report.statistics import crossed_mean, means_of_rows
from tests.benchmarks.coverage import CHOSEN, GROUP, METRICS, RATES, SMALL, Interval, Trained, coverage, of_number


def test_an_interval_is_widened_by_the_error_of_the_truth_alone() -> None:
    interval = Interval(mean=1.0, low=0.0, high=1.5, alone=0.5)
    assert interval.covers(0.0, 0)
    assert not interval.covers(-0.01, 0)
    assert not interval.covers(1.51, 0), "the sides differ"
    assert interval.covers(1.51, 15)
    assert not interval.covers(1 + (0.25 + 0.25 / 3) ** 0.5 + 0.01, 3 * GROUP)
    assert interval.wider(2)[:3] == (1.0, -1.0, 2.0)


def test_planted_normal_values_are_covered_as_often_as_the_level_says() -> None:
    generator = np.random.default_rng(3)

    def planted() -> Trained:
        seeds, shape = 2 * GROUP, (len(RATES), 2 * GROUP)
        effect = np.array([0.0, 0.5, 0.4])[:, None]
        example = generator.standard_normal((len(RATES), 1, SMALL))
        small = effect[:, :, None] + example + generator.standard_normal((*shape, SMALL))
        return Trained(effect + generator.standard_normal(shape), small, effect + generator.standard_normal((3, seeds)))

    found = {row.name: row for row in coverage([{metric: planted() for metric in METRICS} for _ in range(300)])}
    for name in ("validation, over seeds", "large test set, over seeds"):
        assert found[name].this_data == pytest.approx(0.95, abs=0.035)
        assert found[name].over_data == pytest.approx(0.95, abs=0.035)
    assert found["validation, Nadeau and Bengio"].over_data > found["validation, over seeds"].over_data
    assert found[CHOSEN].this_data >= 0.92
    assert np.isnan(found[CHOSEN].over_data)


def test_a_handful_of_data_sets() -> None:
    results = [of_number(number, seeds=2 * GROUP) for number in range(2)]
    assert not np.array_equal(results[0]["loss"].val, results[1]["loss"].val), "each data set is its own"
    own = results[0]["loss"]
    assert own.small.shape == (len(RATES), 2 * GROUP, SMALL)
    assert own.large.mean() == pytest.approx(own.small.mean(), abs=0.5)
    rows = list(coverage(results))
    assert {row.metric for row in rows} == set(METRICS)
    for row in rows:
        assert 0 < row.intervals <= 4
        assert 0 <= row.this_data <= 1
        assert row.width > 0
    differences = own.small[1] - own.small[0]
    group = slice(0, GROUP)
    both = crossed_mean(differences[group])
    alone = means_of_rows(differences[group].mean(axis=1)[None]).of(0)
    assert both.high - both.low >= alone.high - alone.low
