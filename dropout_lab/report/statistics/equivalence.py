"""Whether a difference is too small to matter, which a test without a significant result does not show."""

import numpy as np
from scipy.special import stdtr

from dropout_lab.report.statistics.floats import Floats
from dropout_lab.report.statistics.means import means_of_rows


def equivalence_p(differences: Floats, margin: Floats | float) -> Floats:
    """p of two one-sided t tests that the mean of each row (configurations x seeds) lies within -margin to margin.

    The larger p of both (TOST): D. Schuirmann, J. Pharmacokin. Biopharm. 15 (1987) 657-680. Below 0.05, equivalence is
    shown at that margin: the 90 % interval lies inside it. NaN for differences without spread.
    """
    found = means_of_rows(differences)
    freedom = np.maximum(found.n - 1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = found.deviation / np.sqrt(found.n)
        above = stdtr(freedom, -(found.mean + margin) / error)
        below = stdtr(freedom, (found.mean - margin) / error)
    return np.asarray(np.maximum(above, below))


def no_better_p(improvements: Floats, margin: Floats | float) -> Floats:
    """p of a one-sided t test that the mean of each row (configurations x seeds) is below `margin`.

    Below 0.05, the configuration is shown not to be better by more than the margin. That no configuration is takes all
    of these tests at once, and no correction (R. Berger, Technometrics 24 (1982) 295-300). NaN without spread.
    """
    found = means_of_rows(improvements)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(stdtr(np.maximum(found.n - 1, 1), (found.mean - margin) * np.sqrt(found.n) / found.deviation))
