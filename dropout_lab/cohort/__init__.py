"""The cohort trainer, which trains runs of one structure together, each in a lane. No other room knows lanes."""

import os

# By default, MKL's order of summation depends on a matrix's alignment in memory, so a lane's bits would depend on its
# place. "Strict" fixes the order, at no measurable cost here. MKL reads the variable at its first product, so it is set
# before anything is computed, unless the user has set it.
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")
