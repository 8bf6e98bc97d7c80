"""The sections of the page: figures, and tables with the commands that print them."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dropout_lab.report.draw.style import Drawing
from dropout_lab.report.topics.cells import Grid
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.outline import OUTLINE
from dropout_lab.report.topics.part import Plan, Table
from dropout_lab.report.write.gallery import Gallery


@dataclass(frozen=True)
class Block:
    """A table on the page. `total`: rows of the whole table. `command`: prints the whole table."""

    name: str
    heading: str
    prose: Sequence[str]
    grid: Grid
    total: int
    command: str
    is_figure: bool = False

    @property
    def named(self) -> Sequence[int]:
        """The columns that hold names of configurations, which may be long."""
        return [place for place, head in enumerate(self.grid.header) if "configuration" in head]


@dataclass(frozen=True)
class Drawn:
    """A figure on the page."""

    name: str
    plan: Plan
    drawing: Drawing
    is_figure: bool = True


@dataclass(frozen=True)
class Content:
    """A section of the page. `sentences`: of the answer, about this section. `parts`: in the order of the outline."""

    anchor: str
    title: str
    sentences: Sequence[str]
    parts: Sequence[Block | Drawn]


def contents(folder: Path, evidence: Evidence, gallery: Gallery, sentences: dict[str, Sequence[str]]) -> list[Content]:
    """Every section of the outline."""
    return [
        Content(
            section.anchor,
            section.title,
            sentences.get(section.title, ()),
            list(_parts(folder, evidence, gallery, section.parts)),
        )
        for section in OUTLINE
    ]


def _parts(folder: Path, evidence: Evidence, gallery: Gallery, parts: Sequence[object]) -> Iterator[Block | Drawn]:
    for part in parts:
        if isinstance(part, Table):
            yield from _block(folder, evidence, part)
        elif (name := getattr(part, "name", "")) in gallery.plans:
            yield Drawn(name, gallery.plans[name], gallery.drawings[name])


def _block(folder: Path, evidence: Evidence, table: Table) -> Iterator[Block]:
    shown = None if table.show is None or evidence.tables[table.name].empty else table.show(evidence)
    if shown is None or not shown.rows:
        return
    reference = "" if evidence.frames.reference is None else f" report.baseline={evidence.frames.reference}"
    command = f"dropout-lab report {shlex.quote(str(folder))} report.table={table.name}{reference}"
    total = len(evidence.tables[table.name])
    yield Block(table.name, shown.heading, shown.prose, Grid(shown.header, shown.rows), total, command)
