"""Sums of squares against statsmodels, and what they must add up to."""

import itertools

import numpy as np
import pytest
from scipy import stats

from dropout_lab.report.statistics import dummies, polynomial, type_two

CELLS = [cell for place, cell in enumerate(itertools.product("abc", (1, 2, 3, 4), "xy")) if place not in (3, 14)]

# fmt: off
VALUES = [
    0.1, 0.39, 0.418, 0.433, -0.186, -0.147, 0.368, 0.952, 0.252, 0.414, 0.947, 1.107, 0.932, 0.821, 1.291, 1.709,
    -0.853, -0.387, -0.62, -0.237, 1.047, 1.729, 1.62, 2.281, -0.753, -0.656, -1.155, -0.362, 0.485, 0.734, 0.441,
    0.957, 0.056, 0.307, 1.068, 0.708, 0.79, 1.265, 1.025, 1.366, 0.233, 0.419, 0.232, 0.823, 1.708, 1.036, 1.958,
    1.936, -0.242, 0.75, 0.579, 0.19, -0.378, -0.027, -0.057, 0.405, 1.18, 1.6, 2.032, 1.597, 1.111, 1.111, 1.488,
    1.294, 1.326, 1.641, 2.17, 2.444, 0.503, 0.862, 1.494, 0.902, 1.861, 2.171, 2.777, 2.807, 0.552, 0.739, 0.975,
    1.707, 2.572, 2.809, 3.206, 3.264, 0.241, 0.166, 0.697, 0.767,
]
# fmt: on


def test_a_grid_with_holes_is_that_of_statsmodels() -> None:
    """statsmodels 0.15.0: anova_lm(ols("y ~ C(s) + (C(p) + C(r) + C(m))**2"), typ=2); its sums are over four seeds."""
    values = np.array(VALUES).reshape(len(CELLS), 4)
    factors = {name: dummies([cell[place] for cell in CELLS]) for place, name in enumerate("prm")}
    found = type_two(values, factors)
    squares = {"".join(square.term): (square.df, 4 * square.squares) for square in found}
    expected = {"p": (2, 22.316855), "r": (3, 0.965898), "m": (1, 26.718629)}
    expected |= {"pr": (6, 0.336045), "pm": (2, 0.136188), "rm": (3, 11.865537)}
    assert squares.keys() == expected.keys()
    for term, (df, value) in expected.items():
        assert squares[term][0] == df
        assert squares[term][1] == pytest.approx(value, abs=2e-6)
    assert [square.error_df for square in found] == [3 * square.df for square in found]


def test_a_balanced_grid_adds_up_and_seeds_alike_do_not_count() -> None:
    generator = np.random.default_rng(1)
    cells = list(itertools.product(range(4), range(5)))
    factors = {"a": dummies([a for a, _ in cells]), "b": dummies([b for _, b in cells])}
    values = generator.normal(size=(20, 6))
    found = type_two(values, factors)
    assert sum(square.share for square in found) == pytest.approx(1)
    shifted = type_two(values + 100 * generator.normal(size=6), factors)
    assert [s.f for s in shifted] == pytest.approx([s.f for s in found])


def test_a_setting_of_two_levels_is_tested_as_the_paired_difference_of_its_levels() -> None:
    cells = list(itertools.product("ab", range(4)))
    values = np.random.default_rng(3).normal(size=(8, 5))
    found = type_two(values, {"a": dummies([a for a, _ in cells]), "b": dummies([b for _, b in cells])})
    paired = stats.ttest_rel(values[:4].mean(axis=0), values[4:].mean(axis=0))
    assert found[0].f == pytest.approx(paired.statistic**2)
    assert found[0].p == pytest.approx(paired.pvalue)


@pytest.mark.parametrize(("levels", "cells", "seeds"), [(3, 8, 5), (2, 4, 3)])
def test_p_is_uniform_without_effects_whatever_seeds_do_to_levels(levels: int, cells: int, seeds: int) -> None:
    """A seed moves all configurations of a level by 1, each by 0.5, and all of them by 3."""
    generator = np.random.default_rng(2)
    places = list(itertools.product(range(levels), range(cells)))
    level = [a for a, _ in places]
    factors = {"a": dummies(level), "b": dummies([b for _, b in places])}
    p = []
    for _ in range(800):
        noise = 3 * generator.normal(size=seeds) + generator.normal(size=(levels, seeds))[level]
        found = type_two(noise + 0.5 * generator.normal(size=(len(places), seeds)), factors)
        p.append([square.p for square in found])
    assert (np.abs((np.array(p) < 0.05).mean(axis=0) - 0.05) < 0.025).all()


def test_p_is_small_with_an_effect() -> None:
    generator = np.random.default_rng(2)
    cells = list(itertools.product(range(3), range(3)))
    factors = {"a": dummies([a for a, _ in cells]), "b": dummies([b for _, b in cells])}
    effect = np.array([0.0, 1, 2])[[a for a, _ in cells]]
    found = type_two(effect[:, None] + 0.3 * generator.normal(size=(9, 4)), factors)
    assert [square.p < 0.01 for square in found] == [True, False, False]


def test_one_seed_has_sums_but_no_test_and_a_curve_takes_two_columns() -> None:
    rates = np.linspace(0, 0.8, 30)
    found = type_two(((rates - 0.3) ** 2)[:, None], {"rate": polynomial(rates)})
    assert found[0].error_df == 0
    assert (found[0].df, np.isnan(found[0].p)) == (2, True)
    assert found[0].share == pytest.approx(1)
