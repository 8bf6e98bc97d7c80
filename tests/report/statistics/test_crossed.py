"""The mean over seeds and test examples: written out, never narrower than that of the seeds, and it covers."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from dropout_lab.report.statistics import crossed_mean, means_of_rows
from dropout_lab.report.statistics.crossed import components
from tests.benchmarks.crossed import NAMES, SPREADS, again, coverage, normal


def test_written_out() -> None:
    """Mean squares by loops, and a t quantile for each of the two parts."""
    values = [[0.1, 0.9, 0.3, 0.6], [0.4, 1.3, 0.2, 1.0], [0.0, 1.1, 0.7, 0.5]]
    seeds, examples = len(values), len(values[0])
    mean = sum(map(sum, values)) / (seeds * examples)
    rows = [sum(row) / examples for row in values]
    columns = [sum(row[place] for row in values) / seeds for place in range(examples)]
    of_seeds = examples * sum((row - mean) ** 2 for row in rows) / (seeds - 1)
    of_examples = seeds * sum((column - mean) ** 2 for column in columns) / (examples - 1)
    rest = sum((values[i][j] - rows[i] - columns[j] + mean) ** 2 for i in range(seeds) for j in range(examples)) / (
        (seeds - 1) * (examples - 1)
    )
    assert of_examples > rest, "or the examples would add nothing"
    half = math.sqrt(
        (stats.t.ppf(0.975, seeds - 1) ** 2 * of_seeds + stats.t.ppf(0.975, examples - 1) ** 2 * (of_examples - rest))
        / (seeds * examples)
    )
    found = crossed_mean(np.array(values))
    assert (found.mean, found.low, found.high) == pytest.approx((mean, mean - half, mean + half))
    assert found.n == seeds


def test_it_is_never_narrower_than_the_interval_over_seeds_and_equals_it_if_examples_add_nothing() -> None:
    generator = np.random.default_rng(1)
    for spread in SPREADS.values():
        for _ in range(20):
            values = normal(spread)(generator, 4, 30)
            both, alone = crossed_mean(values), means_of_rows(values.mean(axis=1)[None]).of(0)
            assert both.high - both.low >= (alone.high - alone.low) * (1 - 1e-9)
    same = np.repeat(generator.standard_normal((5, 1)), 40, axis=1)
    assert crossed_mean(same)[:4] == pytest.approx(means_of_rows(same.mean(axis=1)[None]).of(0)[:4])
    assert crossed_mean(same).p == pytest.approx(means_of_rows(same.mean(axis=1)[None]).of(0).p)


def test_p_is_the_level_at_which_the_interval_ends_at_0() -> None:
    values = 0.2 + np.random.default_rng(2).standard_normal((5, 60))
    found = crossed_mean(values)
    assert found.p > 1e-6
    ends = crossed_mean(values, 1 - found.p)
    assert min(abs(ends.low), abs(ends.high)) == pytest.approx(0, abs=1e-9)
    assert (found.p < 0.05) == (found.low > 0 or found.high < 0)
    assert crossed_mean(values - values.mean() + 1000).p == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("values", [np.zeros((1, 9)), np.zeros((4, 1)), np.full((3, 5), 0.3), np.zeros((0, 5))])
def test_without_spread_there_is_no_interval(values: np.ndarray) -> None:
    found = crossed_mean(values)
    assert np.isnan([found.low, found.high, found.p]).all()


@pytest.mark.parametrize("name", SPREADS)
@pytest.mark.parametrize("seeds", [3, 5])
def test_it_covers_where_others_do_not(name: str, seeds: int) -> None:
    """Within the error of 300 repetitions; see docs/statistics.md for more of them."""
    covered, width = coverage(normal(SPREADS[name]), seeds, 100, 300)
    assert covered[NAMES.index("crossed_mean")] >= 0.92
    if name == "loss, examples x 4":
        assert covered[NAMES.index("seeds alone")] < 0.8
    assert width[NAMES.index("crossed_mean")] >= width[NAMES.index("seeds alone")]


def test_values_of_a_sweep_can_be_drawn_again() -> None:
    found = again(np.arange(12.0).reshape(3, 4))(np.random.default_rng(0), 5, 7)
    assert found.shape == (5, 7)
    assert set(found.ravel()) <= set(np.arange(12) - 5.5)


BY_HAND = np.array([[1.0, 2.0, 6.0], [3.0, 4.0, 2.0]])
"""Two seeds, three examples. Mean 3; rows 3 and 3; columns 2, 3 and 4.

Squares: of seeds 3 (0 + 0) = 0; of examples 2 (1 + 0 + 1) = 4; of all (4 + 1 + 9 + 0 + 1 + 1) = 16, so 12 are left.
Degrees of freedom 1, 2 and 2.
"""


def test_the_mean_squares_are_those_by_hand() -> None:
    found = components(BY_HAND)
    assert tuple(found) == pytest.approx((0.0, 2.0, 6.0))


def test_the_mean_squares_are_those_of_statsmodels() -> None:
    values = np.random.default_rng(0).normal(size=(4, 7)) + np.arange(4)[:, None] + np.arange(7) / 3
    long = pd.DataFrame({"y": values.ravel(), "seed": np.repeat(np.arange(4), 7), "example": np.tile(np.arange(7), 4)})
    table = anova_lm(ols("y ~ C(seed) + C(example)", long).fit())
    theirs = table["sum_sq"] / table["df"]
    assert tuple(components(values)) == pytest.approx(tuple(theirs[["C(seed)", "C(example)", "Residual"]]))


def test_examples_that_vary_no_more_than_the_rest_leave_the_interval_of_the_seeds() -> None:
    """Where MS_examples is below MS_interaction, the interval is the t interval of the seeds' means."""
    mean = crossed_mean(BY_HAND + np.array([[0.0], [1.0]]))
    own = means_of_rows((BY_HAND + np.array([[0.0], [1.0]])).mean(axis=1)[None, :]).of(0)
    assert (mean.low, mean.high, mean.p) == pytest.approx((own.low, own.high, own.p))
