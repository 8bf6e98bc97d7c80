"""The cohort trainer: the only place that knows that runs are trained together, each in a lane."""

import os

# By default MKL sums in another order where a matrix begins at another alignment in memory, and a lane's bits would
# depend on its place. "Strict" makes it sum in one order; measured, it costs nothing here. MKL reads it at its first
# product, so it is set before anything is computed, unless the user has set it.
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")
