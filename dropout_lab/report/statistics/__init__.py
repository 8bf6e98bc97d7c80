"""The statistics of the report: intervals and tests over seeds, multiple tests, censored times, selection."""

from dropout_lab.report.statistics.adjusted import adjusted_means
from dropout_lab.report.statistics.best_set import BestSet, best_set
from dropout_lab.report.statistics.bootstrap import HONEST as BCA_SEEDS
from dropout_lab.report.statistics.bootstrap import bca
from dropout_lab.report.statistics.correction import holm
from dropout_lab.report.statistics.equivalence import equivalence_p
from dropout_lab.report.statistics.floats import ALPHA, LEVEL, Bools, Floats, Ints, known_rows, whole_rows
from dropout_lab.report.statistics.improvement import Improvement, paired_improvement, unpaired_improvement
from dropout_lab.report.statistics.means import Mean, Means, mean_over_seeds, means_of_rows, paired_difference
from dropout_lab.report.statistics.permutation import seeds_to_reach, sign_flip_p, smallest_p
from dropout_lab.report.statistics.power import POWER, power, seeds_needed
from dropout_lab.report.statistics.resampling import RESAMPLES, SEED, weights
from dropout_lab.report.statistics.selection import BestSetting, Optimism, best_setting, chosen, optimism
from dropout_lab.report.statistics.squares import Square, dummies, polynomial, type_two
from dropout_lab.report.statistics.survival import (
    Medians,
    Survival,
    first_at_most,
    kaplan_meier,
    kaplan_meier_median,
    medians,
    restricted_mean,
)

__all__ = [
    "ALPHA",
    "BCA_SEEDS",
    "LEVEL",
    "POWER",
    "RESAMPLES",
    "SEED",
    "BestSet",
    "BestSetting",
    "Bools",
    "Floats",
    "Improvement",
    "Ints",
    "Mean",
    "Means",
    "Medians",
    "Optimism",
    "Square",
    "Survival",
    "adjusted_means",
    "bca",
    "best_set",
    "best_setting",
    "chosen",
    "dummies",
    "equivalence_p",
    "first_at_most",
    "holm",
    "kaplan_meier",
    "kaplan_meier_median",
    "known_rows",
    "mean_over_seeds",
    "means_of_rows",
    "medians",
    "optimism",
    "paired_difference",
    "paired_improvement",
    "polynomial",
    "power",
    "restricted_mean",
    "seeds_needed",
    "seeds_to_reach",
    "sign_flip_p",
    "smallest_p",
    "type_two",
    "unpaired_improvement",
    "weights",
    "whole_rows",
]
