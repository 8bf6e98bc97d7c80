"""BCa intervals and the probability of improvement, against SciPy and against formulas written out."""

from statistics import NormalDist

import numpy as np
import pytest
from scipy import optimize, stats

from dropout_lab.report.statistics import bca, paired_improvement, unpaired_improvement, weights

NORMAL = NormalDist()


def test_bca_is_that_of_scipy() -> None:
    """Both are random in their resamples, so the bounds agree to a few hundredths of the width."""
    generator = np.random.default_rng(3)
    for values in (
        generator.lognormal(size=(4, 12)),
        generator.normal(size=(4, 40)),
        generator.exponential(size=(2, 8)),
    ):
        low, high = bca(values, resamples=20_000)
        for row, ours in zip(values, zip(low, high, strict=True), strict=True):
            found = stats.bootstrap((row,), np.mean, method="BCa", n_resamples=20_000, rng=1, vectorized=True)
            theirs = found.confidence_interval
            width = theirs.high - theirs.low
            assert ours == pytest.approx((theirs.low, theirs.high), abs=0.05 * width)


def test_bca_written_out() -> None:
    """Efron's formulas in plain Python, from the same resamples, jackknife and all."""
    values = [0.0, 1.0, 1.5, 2.5, 9.0]
    means = [sum(w * v for w, v in zip(row, values, strict=True)) for row in weights(5)]
    mean = sum(values) / 5
    below = sum(m < mean - 1e-9 for m in means) + sum(abs(m - mean) <= 1e-9 for m in means) / 2
    bias = NORMAL.inv_cdf(below / len(means))
    left_out = [(sum(values) - v) / 4 for v in values]
    off = [sum(left_out) / 5 - jack for jack in left_out]
    acceleration = sum(d**3 for d in off) / (6 * sum(d**2 for d in off) ** 1.5)
    places = []
    for z in (NORMAL.inv_cdf(0.025), NORMAL.inv_cdf(0.975)):
        places.append(NORMAL.cdf(bias + (bias + z) / (1 - acceleration * (bias + z))))
    low, high = bca(np.array([values]))
    assert (low[0], high[0]) == pytest.approx(tuple(np.quantile(means, places)))
    assert high[0] - mean > mean - low[0], "the long tail is above"


def test_bca_leaves_missing_seeds_out_row_by_row() -> None:
    generator = np.random.default_rng(5)
    values = generator.normal(size=(6, 9))
    gaps = values.copy()
    gaps[1, 4] = gaps[4, 4] = gaps[2, 0] = np.nan
    gaps[3, 1:] = np.nan
    gaps[5] = 0.1 + 0.2
    low, high = bca(gaps)
    alone = bca(np.delete(values[[1, 4]], 4, axis=1))
    assert low[[1, 4]] == pytest.approx(alone[0])
    assert high[[1, 4]] == pytest.approx(alone[1])
    assert low[0] == bca(values)[0][0]
    assert np.isnan(low[[3, 5]]).all()
    assert not np.isnan(high[[0, 1, 2, 4]]).any()
    assert bca(np.empty((0, 5)))[0].shape == (0,)


def test_paired_improvement_is_the_binomial_interval() -> None:
    differences = np.array([[1.0, 2, 3, -1, np.nan], [1, 1, 1, 1, 1], [-1, -1, -1, np.nan, np.nan], [np.nan] * 5])
    found = paired_improvement(differences)
    assert found.probability[:3] == pytest.approx([0.75, 1, 0])
    for row, (wins, n) in enumerate([(3, 4), (5, 5), (0, 3)]):
        theirs = stats.binomtest(wins, n).proportion_ci(method="exact")
        assert (found.low[row], found.high[row]) == pytest.approx((theirs.low, theirs.high))
    assert np.isnan(found.low[3])
    assert paired_improvement(np.array([[0.0, 0.0]])).probability[0] == 0.5


def test_unpaired_improvement() -> None:
    generator = np.random.default_rng(2)
    ours, theirs = generator.normal(0.5, size=13), generator.normal(size=9)
    found = unpaired_improvement(ours, theirs)
    statistic = stats.mannwhitneyu(ours, theirs).statistic
    assert found.probability[0] == pytest.approx(statistic / (13 * 9))

    def excess(theta: float, share: float) -> float:
        """Newcombe's method 5 as the square of the equation."""
        spread = 1 + (11 - 1) * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return (share - theta) ** 2 - NORMAL.inv_cdf(0.975) ** 2 * theta * (1 - theta) * spread / (13 * 9)

    share = float(found.probability[0])
    low = optimize.brentq(excess, 1e-9, share, args=(share,))
    high = optimize.brentq(excess, share, 1 - 1e-9, args=(share,))
    assert (found.low[0], found.high[0]) == pytest.approx((low, high), abs=1e-6)
    apart = unpaired_improvement(np.array([3.0, 4.0, 5.0]), np.array([0.0, 1.0]))
    assert apart.high[0] == 1
    assert 0 < apart.low[0] < 0.7, "five networks never make it certain"


def test_unpaired_improvement_covers() -> None:
    generator = np.random.default_rng(8)
    truth = NORMAL.cdf(1 / 2**0.5)
    inside = 0
    for _ in range(600):
        found = unpaired_improvement(generator.normal(1, size=10), generator.normal(size=10))
        inside += found.low[0] <= truth <= found.high[0]
    assert 0.93 <= inside / 600 <= 0.985
