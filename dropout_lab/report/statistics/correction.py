"""Correction for multiple tests."""

import numpy as np

from dropout_lab.report.statistics.floats import Floats


def holm(p: Floats) -> Floats:
    """Holm's step-down correction: p values to be compared with the level of the whole family of tests.

    NaN is not a test: it stays NaN and does not count in the family. S. Holm, Scand. J. Statist. 6 (1979) 65-70.
    """
    corrected = np.full(len(p), np.nan)
    tests = np.flatnonzero(np.isfinite(p))
    order = tests[np.argsort(p[tests], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1)
    return corrected
