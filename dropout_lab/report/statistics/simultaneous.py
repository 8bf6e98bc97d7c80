"""Intervals of several differences that hold together, and agree with Holm's test."""

import numpy as np

from dropout_lab.report.statistics.correction import holm
from dropout_lab.report.statistics.floats import ALPHA, Floats
from dropout_lab.report.statistics.means import Means, means_of_rows


def simultaneous(differences: Floats, tests: int | None = None, corrected: Floats | None = None) -> Means:
    """`Means` of rows (configurations x seeds), with intervals that all hold together with 95 %, and Holm's p.

    Bonferroni's intervals, at level 1 - 0.05 / tests. Holm's step-down test is sharper: where it rejects and such an
    interval reaches beyond 0, the interval ends at 0 (K. Strassburger and F. Bretz, Statistics in Medicine 27 (2008)
    4914-4927). So an interval excludes 0, or ends there, exactly where the test rejects. `tests` and `corrected`:
    the number of comparisons and Holm's p where other rows are tested with these.
    """
    every = means_of_rows(differences)
    count = int(np.isfinite(every.p).sum()) if tests is None else tests
    found = means_of_rows(differences, 1 - ALPHA / max(1, count))
    corrected = holm(every.p) if corrected is None else corrected
    low = np.where((corrected < ALPHA) & (found.mean > 0), np.maximum(found.low, 0.0), found.low)
    high = np.where((corrected < ALPHA) & (found.mean < 0), np.minimum(found.high, 0.0), found.high)
    return found._replace(low=low, high=high, p=corrected)
