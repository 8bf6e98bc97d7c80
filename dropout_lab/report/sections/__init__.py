"""The topics of the page, section by section: figures, and below them tables with the commands that print them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dropout_lab.report import outline
from dropout_lab.report.evidence import Evidence
from dropout_lab.report.gallery import Picture
from dropout_lab.report.sections import convergence, cost, differences, rates, search
from dropout_lab.report.sections.block import Block, Part, as_block

TABLES: Mapping[outline.Section, Sequence[Callable[[Evidence], Part]]] = {
    outline.RATES: (rates.best_rates, rates.gaps, rates.effects),
    outline.DIFFERENCES: (differences.comparisons, differences.to_best, differences.optimism),
    outline.CONVERGENCE: (convergence.convergence, convergence.time_ratio),
    outline.CURVES: (convergence.curve_shape,),
    outline.SEARCH: (search.isolation, search.variance),
    outline.COST: (cost.occupancy,),
}


@dataclass(frozen=True)
class Topic:
    """A section of figures and tables. `title`: as on the page, where "no dropout" is the reference's name."""

    anchor: str
    title: str
    pictures: Sequence[Picture]
    blocks: Sequence[Block]


def sections(folder: Path, evidence: Evidence, pictures: Sequence[Picture]) -> list[Topic]:
    """The sections that have a figure or a table, in the order of the page."""
    found = []
    for section in outline.SECTIONS:
        shown = [picture for picture in pictures if picture.section == section]
        blocks = [one for make in TABLES.get(section, ()) if (one := as_block(folder, evidence, make)) is not None]
        if shown or blocks:
            title = section.title.replace("no dropout", evidence.reference_name)
            found.append(Topic(section.anchor, title, shown, blocks))
    return found
