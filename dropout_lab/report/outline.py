"""The sections of the report and their one order."""

from collections.abc import Sequence
from typing import NamedTuple


class Section(NamedTuple):
    """The anchor of a section within the page, and its title."""

    anchor: str
    title: str


KEEP_IN_MIND = Section("keep-in-mind", "Keep in mind")
RATES = Section("rates-and-placements", "Rates and placements")
DIFFERENCES = Section("differences-to-no-dropout", "Differences to no dropout")
CONVERGENCE = Section("convergence", "Convergence")
CURVES = Section("curves", "Curves")
SEARCH = Section("search", "Search")
CONFIDENCE = Section("confidence", "Confidence")
COST = Section("what-it-costs", "Cost")  # "cost" is a figure
CONFIGURATIONS = Section("configurations-table", "Configurations")  # "configurations" is the figure
FAILED_RUNS = Section("failed-runs", "Failed runs")
MEASURED = Section("how-it-was-measured", "How it was measured")
FILES = Section("files", "Files")
AGAIN = Section("again", "To do it again")

SECTIONS: Sequence[Section] = (
    KEEP_IN_MIND,
    RATES,
    DIFFERENCES,
    CONVERGENCE,
    CURVES,
    SEARCH,
    CONFIDENCE,
    COST,
    CONFIGURATIONS,
    FAILED_RUNS,
    MEASURED,
    FILES,
    AGAIN,
)
"""The order of the page, its table of contents, the figures and the Markdown; a section without content is left out."""
