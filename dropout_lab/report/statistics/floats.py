"""The level of every interval, the types of arrays, and the rows that have values."""

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
ALPHA = 1 - LEVEL

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def whole_rows(values: Floats) -> Bools:
    """Which rows are finite throughout."""
    return np.asarray(np.isfinite(values).all(axis=1), dtype=np.bool_)


def known_rows(values: Floats) -> Bools:
    """Which rows have a finite value."""
    return np.asarray(np.isfinite(values).any(axis=1), dtype=np.bool_)
