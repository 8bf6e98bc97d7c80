"""The set of configurations that may be the best, given that the best-looking one was chosen by the same seeds."""

from typing import NamedTuple

import numpy as np

from dropout_lab.report.statistics.floats import ALPHA, Bools, Floats
from dropout_lab.report.statistics.means import means_of_rows


class BestSet(NamedTuple):
    """Per configuration: p that it is the best, whether it may be, and its mean difference from the best-looking one.

    `low` and `high`: bounds of that difference that hold with 95 % each, corrected like p. p and bounds are NaN for
    differences without spread; such a configuration may be the best, like the best-looking one itself.
    """

    p: Floats
    may_be: Bools
    mean: Floats
    low: Floats
    high: Floats


def best_set(values: Floats, *, alpha: float = ALPHA) -> BestSet:
    """Find a set that contains the truly best configuration with a probability of at least 1 - alpha.

    `values`: configurations x seeds without gaps, lower is better. Each configuration is compared with the one of the
    lowest mean by a one-sided paired t test, whose p is multiplied by the number of the others. Whichever one looks
    best, the truly best is left out only if one of its k - 1 comparisons with the others errs, which has a probability
    of at most alpha. So the choice is accounted for, and because there is one best, no further correction for k
    configurations is needed. (Multiple comparisons with the best: J. Hsu, Ann. Stat. 12 (1984) 1136-1144; S. Gupta,
    Technometrics 7 (1965) 225-245; by Bonferroni's inequality, which does not need equal variances.)
    """
    others = max(1, len(values) - 1)
    best = int(values.mean(axis=1).argmin())
    found = means_of_rows(values - values[best], 1 - 2 * alpha / others)
    # The mean is never below 0, so the one-sided p is half of the two-sided one.
    p = np.minimum(1.0, others * found.p / 2)
    may_be = np.asarray(~(p < alpha))
    may_be[best] = True
    return BestSet(p, may_be, found.mean, found.low, found.high)
