"""Which configurations may be the best, where the one that looks best was chosen by the same seeds."""

from typing import NamedTuple

import numpy as np

from dropout_lab.report.statistics.floats import ALPHA, Bools, Floats
from dropout_lab.report.statistics.means import means_of_rows


class BestSet(NamedTuple):
    """Per configuration: p that it is the best, whether it may be, and by how much it lies above the one that looks
    best.

    `low` and `high` are bounds of that difference that hold with 95 % each, corrected as p is. p and bounds are NaN
    where differences show no spread to judge by; such a configuration may be the best, as may the one that looks best.
    """

    p: Floats
    may_be: Bools
    mean: Floats
    low: Floats
    high: Floats


def best_set(values: Floats, *, alpha: float = ALPHA) -> BestSet:
    """Of configurations x seeds without gaps, lower is better: holds the truly best one with 1 - alpha at least.

    Each is compared with the one of the lowest mean by a one-sided paired t test, whose p is multiplied by the number
    of the others. Whichever other one looks best, the truly best is left out only if one of its k - 1 comparisons with
    the others errs, which has the chance alpha at most: the choice is accounted for, and as there is one best, no
    further correction for k configurations is needed (multiple comparisons with the best: J. Hsu, Ann. Stat. 12 (1984)
    1136-1144; S. Gupta, Technometrics 7 (1965) 225-245; by Bonferroni's inequality, which needs no equal variances).
    """
    others = max(1, len(values) - 1)
    best = int(values.mean(axis=1).argmin())
    found = means_of_rows(values - values[best], 1 - 2 * alpha / others)
    # The mean is never below 0, so the one-sided p is half of the two-sided one.
    p = np.minimum(1.0, others * found.p / 2)
    may_be = np.asarray(~(p < alpha))
    may_be[best] = True
    return BestSet(p, may_be, found.mean, found.low, found.high)
