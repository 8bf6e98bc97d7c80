"""The tables that the figures draw, one function per figure; each is written beside its figure as CSV.

Numbers of `dropout_lab.report.tables` are selected here and not computed again.
"""

from dropout_lab.report.figure_data.confidence import reliability
from dropout_lab.report.figure_data.convergence import arrivals, ratios, survival
from dropout_lab.report.figure_data.cost import cost
from dropout_lab.report.figure_data.curves import curves
from dropout_lab.report.figure_data.effects import interactions, levels, shares, unknown
from dropout_lab.report.figure_data.occupancy import WORKERS, occupancy
from dropout_lab.report.figure_data.rates import PANELS, Chosen, by_rate, chosen, has_rate_axis, heatmap, placements
from dropout_lab.report.figure_data.trials import by_site, differences, fronts, isolated, listed

__all__ = [
    "PANELS",
    "WORKERS",
    "Chosen",
    "arrivals",
    "by_rate",
    "by_site",
    "chosen",
    "cost",
    "curves",
    "differences",
    "fronts",
    "has_rate_axis",
    "heatmap",
    "interactions",
    "isolated",
    "levels",
    "listed",
    "occupancy",
    "placements",
    "ratios",
    "reliability",
    "shares",
    "survival",
    "unknown",
]
