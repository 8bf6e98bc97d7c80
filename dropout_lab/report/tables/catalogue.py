"""All tables that are computed from the frames and the ranked table of configurations, with their columns."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import pandas as pd

from dropout_lab.report.load import Frames
from dropout_lab.report.tables.best_so_far import COLUMNS as BEST_SO_FAR
from dropout_lab.report.tables.best_so_far import best_so_far
from dropout_lab.report.tables.columns import Columns
from dropout_lab.report.tables.comparisons import COLUMNS as COMPARISONS
from dropout_lab.report.tables.comparisons import TO_BEST, comparisons, to_best
from dropout_lab.report.tables.convergence import COLUMNS as CONVERGENCE
from dropout_lab.report.tables.convergence import convergence
from dropout_lab.report.tables.curve_shape import COLUMNS as CURVE_SHAPE
from dropout_lab.report.tables.curve_shape import curve_shape
from dropout_lab.report.tables.effects import COLUMNS as EFFECTS
from dropout_lab.report.tables.effects import LEVELS as EFFECT_LEVELS
from dropout_lab.report.tables.effects import effect_levels, effects
from dropout_lab.report.tables.gaps import COLUMNS as GAPS
from dropout_lab.report.tables.gaps import gaps
from dropout_lab.report.tables.importance import COLUMNS as IMPORTANCE
from dropout_lab.report.tables.importance import importance
from dropout_lab.report.tables.isolation import COLUMNS as ISOLATION
from dropout_lab.report.tables.isolation import isolation
from dropout_lab.report.tables.occupancy import COLUMNS as OCCUPANCY
from dropout_lab.report.tables.occupancy import occupancy
from dropout_lab.report.tables.pareto import COLUMNS as PARETO
from dropout_lab.report.tables.pareto import pareto
from dropout_lab.report.tables.selected import OPTIMISM, RATES, best_rates, selection_optimism
from dropout_lab.report.tables.time_ratio import COLUMNS as TIME_RATIO
from dropout_lab.report.tables.time_ratio import time_ratio
from dropout_lab.report.tables.variance import COLUMNS as VARIANCE
from dropout_lab.report.tables.variance import variance


class Table(NamedTuple):
    """The function from frames and ranked configurations to a table, and the columns of that table."""

    make: Callable[[Frames, pd.DataFrame], pd.DataFrame]
    columns: Columns


TABLES: Mapping[str, Table] = {
    "comparisons": Table(comparisons, COMPARISONS),
    "to_best": Table(to_best, TO_BEST),
    "gaps": Table(gaps, GAPS),
    "convergence": Table(convergence, CONVERGENCE),
    "time_ratio": Table(time_ratio, TIME_RATIO),
    "curve_shape": Table(curve_shape, CURVE_SHAPE),
    "best_so_far": Table(best_so_far, BEST_SO_FAR),
    "effects": Table(effects, EFFECTS),
    "effect_levels": Table(effect_levels, EFFECT_LEVELS),
    "importance": Table(importance, IMPORTANCE),
    "pareto": Table(pareto, PARETO),
    "isolation": Table(isolation, ISOLATION),
    "variance": Table(variance, VARIANCE),
    "optimism": Table(selection_optimism, OPTIMISM),
    "best_rates": Table(best_rates, RATES),
    "occupancy": Table(occupancy, OCCUPANCY),
}


def make_all(frames: Frames, table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Compute every table of `TABLES` from the ranked configurations, by name."""
    return {name: one.make(frames, table) for name, one in TABLES.items()}
