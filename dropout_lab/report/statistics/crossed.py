"""Means over seeds and test examples, both of which are samples."""

from typing import NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit

from dropout_lab.report.statistics.floats import LEVEL, Floats
from dropout_lab.report.statistics.means import Mean


class Components(NamedTuple):
    """Mean squares of a two-way layout, seeds x examples: of seeds, of examples, and of their interaction."""

    seeds: float
    examples: float
    interaction: float


def components(values: Floats) -> Components:
    """The mean squares of `values` (seeds x examples, two or more of each, no gaps)."""
    count, width = values.shape
    mean, rows, columns = values.mean(), values.mean(axis=1), values.mean(axis=0)
    rest = values - rows[:, None] - columns + mean
    return Components(
        float(width * ((rows - mean) ** 2).sum() / (count - 1)),
        float(count * ((columns - mean) ** 2).sum() / (width - 1)),
        float((rest**2).sum() / ((count - 1) * (width - 1))),
    )


def crossed_mean(values: Floats, level: float = LEVEL) -> Mean:
    """The mean of `values` (seeds x examples), with an interval for new seeds and new test examples at once.

    Both are random: the variance of the mean is (MS_seeds + max(0, MS_examples - MS_interaction)) / (seeds x examples),
    and the degrees of freedom follow Satterthwaite (S. Hillis, Statistics in Medicine 26 (2007) 596-619, equations 22
    to 24, for readers x cases, with the term of the examples added). A bootstrap over both covers less: with five
    seeds its spread of seeds is too small by sqrt(4 / 5) and it has no t quantile; docs/statistics.md has both. NaN
    bounds for fewer than two seeds or examples, and without any spread.
    """
    mean, seeds = float(values.mean()) if values.size else np.nan, len(values)
    if min(values.shape) < 2 or np.ptp(values) <= 1e-12 * np.abs(values).max():
        return Mean(mean, np.nan, np.nan, seeds, np.nan)
    found = components(values)
    beyond = max(0.0, found.examples - found.interaction)
    spread = found.seeds + beyond
    if spread == 0:
        return Mean(mean, np.nan, np.nan, seeds, np.nan)
    freedom = spread**2 / (found.seeds**2 / (seeds - 1) + beyond**2 / (values.shape[1] - 1))
    error = float(np.sqrt(spread / values.size))
    half = float(stdtrit(freedom, 0.5 + level / 2)) * error
    return Mean(mean, mean - half, mean + half, seeds, float(2 * stdtr(freedom, -abs(mean) / error)))
