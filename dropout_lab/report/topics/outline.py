"""The page below the answer: its sections, their figures and tables, and their one order.

To add a table or a figure, write its file in the folder of its topic, and name it here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from dropout_lab.report.frames.load import Frames
from dropout_lab.report.topics.confidence.confidence import CONFIDENCE
from dropout_lab.report.topics.confidence.confusion import CONFUSION, MATRIX
from dropout_lab.report.topics.confidence.reliability import RELIABILITY
from dropout_lab.report.topics.convergence.arrivals import ARRIVALS
from dropout_lab.report.topics.convergence.convergence import CONVERGENCE
from dropout_lab.report.topics.convergence.ratio import RATIO
from dropout_lab.report.topics.convergence.survival import SURVIVAL
from dropout_lab.report.topics.convergence.time_ratio import TIME_RATIO
from dropout_lab.report.topics.cost.cost import COST
from dropout_lab.report.topics.cost.occupancy import LANES, OCCUPANCY
from dropout_lab.report.topics.curves.curve_shape import CURVE_SHAPE
from dropout_lab.report.topics.curves.learned import LEARNED_RATE, LEARNED_SPARSITY
from dropout_lab.report.topics.curves.learning_curves import CURVES
from dropout_lab.report.topics.data.columns import DATA_COLUMNS
from dropout_lab.report.topics.differences.best_epoch import BEST_EPOCH
from dropout_lab.report.topics.differences.comparisons import COMPARISONS
from dropout_lab.report.topics.differences.forest import FOREST
from dropout_lab.report.topics.differences.optimism import OPTIMISM
from dropout_lab.report.topics.differences.story import STORY
from dropout_lab.report.topics.differences.to_best import BEST
from dropout_lab.report.topics.differences.variance import VARIANCE
from dropout_lab.report.topics.gap.against_rate import GAP
from dropout_lab.report.topics.gap.gaps import GAPS
from dropout_lab.report.topics.measures.measured import MEASURED_TABLE
from dropout_lab.report.topics.measures.robustness import ROBUSTNESS
from dropout_lab.report.topics.part import Part, Picture, Table
from dropout_lab.report.topics.rates.against_rate import RATE
from dropout_lab.report.topics.rates.best_rates import BEST_RATES
from dropout_lab.report.topics.rates.by_site import BY_SITE
from dropout_lab.report.topics.rates.heatmap import HEATMAP
from dropout_lab.report.topics.search.best_so_far import BEST_SO_FAR, FOUND_SO_FAR
from dropout_lab.report.topics.search.edges import EDGES
from dropout_lab.report.topics.search.pareto import FRONTS, PARETO
from dropout_lab.report.topics.test_set.test_set import TEST_SET


@dataclass(frozen=True)
class Section:
    """A section of the page. Tables without `show` are files alone."""

    title: str
    parts: Sequence[Part] = ()

    @property
    def anchor(self) -> str:
        return f"section-{self.title.lower().replace(' ', '-')}"


ANSWER = Section("Answer", (STORY, TEST_SET))
"""The first screen, which is not folded."""

SURE = Section("How sure", (FOREST, COMPARISONS, BEST, BEST_RATES, OPTIMISM, BEST_EPOCH, VARIANCE))
CONFIGURATIONS = Section("All configurations", (RATE, HEATMAP, BY_SITE, FRONTS, PARETO, EDGES))
METHODS = Section("Methods")
FILES = Section("Files")

OUTLINE: Sequence[Section] = (
    ANSWER,
    SURE,
    Section("Convergence", (SURVIVAL, CONVERGENCE, ARRIVALS, RATIO, TIME_RATIO)),
    Section("Gap", (GAP, GAPS)),
    CONFIGURATIONS,
    Section("Learning curves", (CURVES, CURVE_SHAPE, LEARNED_RATE, LEARNED_SPARSITY)),
    Section("Calibration", (RELIABILITY, CONFIDENCE)),
    Section("Mistakes", (MATRIX, CONFUSION)),
    Section("Measures", (ROBUSTNESS, MEASURED_TABLE)),
    Section("Cost", (COST, LANES, OCCUPANCY, FOUND_SO_FAR, BEST_SO_FAR)),
    Section("Data", (DATA_COLUMNS,)),
    METHODS,
    FILES,
)


def tables() -> Mapping[str, Table]:
    """Every table of the outline, by name."""
    return {part.name: part for section in OUTLINE for part in section.parts if isinstance(part, Table)}


def pictures() -> Mapping[str, Picture]:
    """Every figure of the outline, by name."""
    return {part.name: part for section in OUTLINE for part in section.parts if isinstance(part, Picture)}


def make_all(frames: Frames, table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Compute every table from the frames and the ranked configurations, by name."""
    return {name: one.make(frames, table) for name, one in tables().items()}
