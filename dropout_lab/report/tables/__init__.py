"""Every number of the report, as tables: frames in, frame out; nothing is drawn or written.

`configurations` makes the table that `ranked` sorts. All in `TABLES` take the frames and that ranked table. For an
unfinished sweep they have the rows known so far, and all columns even without rows.
"""

from dropout_lab.report.tables.best_so_far import best_so_far
from dropout_lab.report.tables.catalogue import TABLES, make_all
from dropout_lab.report.tables.columns import Column, Columns
from dropout_lab.report.tables.comparisons import comparisons, to_best
from dropout_lab.report.tables.configurations import configurations
from dropout_lab.report.tables.convergence import convergence, survival_curves
from dropout_lab.report.tables.curve_shape import DIAGNOSES, curve_shape
from dropout_lab.report.tables.effects import effect_levels, effects
from dropout_lab.report.tables.gaps import gaps
from dropout_lab.report.tables.importance import importance
from dropout_lab.report.tables.isolation import isolation
from dropout_lab.report.tables.occupancy import occupancy
from dropout_lab.report.tables.pareto import pareto
from dropout_lab.report.tables.ranking import failures, front, ranked
from dropout_lab.report.tables.seeds import BySeed, by_seed, metrics_of
from dropout_lab.report.tables.selected import best_rates, selection_optimism
from dropout_lab.report.tables.time_ratio import time_ratio
from dropout_lab.report.tables.times import run_times, time_to_target
from dropout_lab.report.tables.variance import variance

__all__ = [
    "DIAGNOSES",
    "TABLES",
    "BySeed",
    "Column",
    "Columns",
    "best_rates",
    "best_so_far",
    "by_seed",
    "comparisons",
    "configurations",
    "convergence",
    "curve_shape",
    "effect_levels",
    "effects",
    "failures",
    "front",
    "gaps",
    "importance",
    "isolation",
    "make_all",
    "metrics_of",
    "occupancy",
    "pareto",
    "ranked",
    "run_times",
    "selection_optimism",
    "survival_curves",
    "time_ratio",
    "time_to_target",
    "to_best",
    "variance",
]
