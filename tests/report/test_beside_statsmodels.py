"""The report's statistics beside those of statsmodels, on drawn data."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.formula.api import mixedlm
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import DescrStatsW

from dropout_lab.report.statistics import (
    equivalence_p,
    holm,
    kaplan_meier,
    means_of_rows,
    medians,
    power,
    restricted_mean,
    seeds_needed,
)
from dropout_lab.report.topics.differences.variance import components


@pytest.mark.parametrize("count", [1, 2, 24, 300])
def test_holm(count: int) -> None:
    p = np.random.default_rng(count).uniform(0, 0.05, size=count)
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


def test_t_intervals_and_equivalence() -> None:
    values = np.random.default_rng(1).normal(0.05, 0.1, size=(20, 6))
    ours, same = means_of_rows(values), equivalence_p(values, 0.1)
    for row, of_row in enumerate(values):
        theirs = DescrStatsW(of_row)
        assert (ours.low[row], ours.high[row]) == pytest.approx(theirs.tconfint_mean(0.05))
        assert ours.p[row] == pytest.approx(theirs.ttest_mean(0)[1])
        assert same[row] == pytest.approx(theirs.ttost_mean(-0.1, 0.1)[0])


@pytest.mark.parametrize(("effect", "alpha"), [(0.5, 0.05), (1.0, 0.05), (1.5, 0.002)])
def test_power_and_the_seeds_needed(effect: float, alpha: float) -> None:
    wanted = TTestPower().solve_power(effect_size=effect, power=0.8, alpha=alpha)
    assert seeds_needed(np.array([effect]), alpha)[0] == np.ceil(wanted)
    assert power(np.array(effect), np.array(9.0), alpha) == pytest.approx(TTestPower().power(effect, 9, alpha))


def test_survival_its_error_and_its_median() -> None:
    """Greenwood's error; the restricted mean is the area under their curve."""
    generator = np.random.default_rng(2)
    times, censored = generator.geometric(0.1, size=60), generator.integers(5, 41, size=60)
    epochs, reached = np.minimum(times, censored), times <= censored
    horizon = int(epochs.max())
    ours = kaplan_meier(np.zeros(60, dtype=int), epochs, reached, 1, horizon)
    theirs = SurvfuncRight(epochs, reached.astype(int))
    places = theirs.surv_times.astype(int) - 1
    assert ours.surviving[0, places] == pytest.approx(theirs.surv_prob)
    assert medians(ours).median[0] == theirs.quantile(0.5)
    inner = (theirs.surv_prob > 0) & (theirs.surv_prob < 1)
    # The log-log interval of theirs error: S^exp(+-1.96 s / (S log S)).
    s, error = theirs.surv_prob[inner], theirs.surv_prob_se[inner]
    spread = 1.959964 * error / (s * np.log(s))
    assert ours.low[0, places[inner]] == pytest.approx(s ** np.exp(-spread), abs=1e-6)
    assert ours.high[0, places[inner]] == pytest.approx(s ** np.exp(spread), abs=1e-6)
    steps = np.concatenate([[1.0], ours.surviving[0, : horizon - 1]])
    assert restricted_mean(ours, horizon)[0][0] == pytest.approx(steps.sum())


def test_variance_parts_are_those_of_a_mixed_model() -> None:
    """Crossed random effects of configuration and seed by REML, which on full tables are the mean squares' own."""
    generator = np.random.default_rng(4)
    values = 2 * generator.normal(size=(8, 1)) + 1.5 * generator.normal(size=6) + generator.normal(size=(8, 6))
    rows = [(c, s, values[c, s], 0) for c in range(8) for s in range(6)]
    frame = pd.DataFrame(rows, columns=["c", "s", "y", "all"])
    parts = {"c": "0 + C(c)", "s": "0 + C(s)"}
    theirs = mixedlm("y ~ 1", frame, groups="all", re_formula="0", vc_formula=parts).fit(reml=True)
    ours = components(values)
    assert ours["study_deviation"] ** 2 == pytest.approx(theirs.vcomp[0], rel=1e-3)
    assert ours["common_deviation"] ** 2 == pytest.approx(theirs.vcomp[1], rel=1e-3)
    assert ours["own_deviation"] ** 2 == pytest.approx(theirs.scale, rel=1e-3)
