"""The statistics of the report: intervals and tests over seeds, multiple tests, censored times, selection."""

from dropout_lab.report.statistics.best_set import best_set
from dropout_lab.report.statistics.correction import holm
from dropout_lab.report.statistics.crossed import crossed_mean
from dropout_lab.report.statistics.equivalence import equivalence_p, no_better_p
from dropout_lab.report.statistics.floats import ALPHA, LEVEL, Bools, Floats, Ints, known_rows, whole_rows
from dropout_lab.report.statistics.improvement import paired_improvement
from dropout_lab.report.statistics.means import NO_MEAN, Mean, Means, means_of_rows, negated
from dropout_lab.report.statistics.permutation import seeds_to_reach, sign_flip_p, smallest_p
from dropout_lab.report.statistics.power import POWER, detectable, power, seeds_needed
from dropout_lab.report.statistics.resampling import weights
from dropout_lab.report.statistics.selection import chosen, optimism
from dropout_lab.report.statistics.simultaneous import simultaneous
from dropout_lab.report.statistics.survival import (
    Survival,
    kaplan_meier,
    medians,
    restricted_mean,
)

__all__ = [
    "ALPHA",
    "LEVEL",
    "NO_MEAN",
    "POWER",
    "Bools",
    "Floats",
    "Ints",
    "Mean",
    "Means",
    "Survival",
    "best_set",
    "chosen",
    "crossed_mean",
    "detectable",
    "equivalence_p",
    "holm",
    "kaplan_meier",
    "known_rows",
    "means_of_rows",
    "medians",
    "negated",
    "no_better_p",
    "optimism",
    "paired_improvement",
    "power",
    "restricted_mean",
    "seeds_needed",
    "seeds_to_reach",
    "sign_flip_p",
    "simultaneous",
    "smallest_p",
    "weights",
    "whole_rows",
]
