"""The mean over seeds and test examples: against a table of variance by hand, statsmodels and simulations."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from dropout_lab.report.statistics import crossed_mean, means_of_rows
from dropout_lab.report.statistics.crossed import components

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


def test_the_interval_is_that_of_satterthwaite_by_hand() -> None:
    """Seeds 2 by examples 3: MS of seeds 24, of examples 2, of the rest 0.5; see the formula of `crossed_mean`."""
    values = np.array([[0.0, 1.0, 2.0], [4.0, 5.5, 5.5]])
    found = components(values)
    assert tuple(found) == pytest.approx((24.0, 1.625, 0.125))
    spread = 24.0 + 1.5
    freedom = spread**2 / (24.0**2 / 1 + 1.5**2 / 2)
    error = (spread / 6) ** 0.5
    half = stats.t.ppf(0.975, freedom) * error
    mean = crossed_mean(values)
    assert mean.mean == pytest.approx(3.0)
    assert (mean.low, mean.high) == pytest.approx((3.0 - half, 3.0 + half))
    assert mean.p == pytest.approx(2 * stats.t.sf(3.0 / error, freedom))
    assert mean.n == 2


def test_examples_that_vary_no_more_than_the_rest_leave_the_interval_of_the_seeds() -> None:
    """Where MS_examples is below MS_interaction, the interval is the t interval of the seeds' means."""
    mean = crossed_mean(BY_HAND + np.array([[0.0], [1.0]]))
    own = means_of_rows((BY_HAND + np.array([[0.0], [1.0]])).mean(axis=1)[None, :]).of(0)
    assert (mean.low, mean.high, mean.p) == pytest.approx((own.low, own.high, own.p))


@pytest.mark.parametrize("values", [np.ones((3, 4)), np.ones((1, 4)), np.ones((3, 1)), np.zeros((3, 0))])
def test_without_a_spread_there_is_no_interval(values: np.ndarray) -> None:
    found = crossed_mean(values)
    assert np.isnan([found.low, found.high, found.p]).all()
    assert found.n == len(values)


@pytest.mark.parametrize(
    ("of_seeds", "of_examples", "rest"), [(1.0, 1.0, 1.0), (0.2, 3.0, 3.0), (1.0, 0.0, 1.0), (0.05, 2.0, 0.5)]
)
@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_it_covers_new_seeds_and_new_examples(of_seeds: float, of_examples: float, rest: float, seeds: int) -> None:
    """1,000 times seeds x 60 examples, both drawn anew; the interval of seeds alone covers far less."""
    generator = np.random.default_rng(seeds)
    inside, alone = 0, 0
    for _ in range(1000):
        values = rest * generator.normal(size=(seeds, 60))
        values += of_seeds * generator.normal(size=(seeds, 1)) + of_examples * generator.normal(size=(1, 60))
        found, own = crossed_mean(values), means_of_rows(values.mean(axis=1)[None, :]).of(0)
        inside += found.low <= 0 <= found.high
        alone += own.low <= 0 <= own.high
    assert 915 <= inside <= 1000, "with three seeds, a percent or two below 95"
    if of_examples > 30 * of_seeds:
        assert alone < 700, "why seeds alone do not do"
