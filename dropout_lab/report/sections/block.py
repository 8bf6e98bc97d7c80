"""A table on the page: what a section says about it, its first rows, and the command that prints it whole."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dropout_lab.report.cells import Grid
from dropout_lab.report.evidence import Evidence

ROWS = 12
"""Rows of a table on the page; its files have all."""

FEW = 6
"""Configurations that are shown one by one: the best ones, and their baseline besides."""


@dataclass(frozen=True)
class Part:
    """The name of a table of `TABLES`, its heading, the sentences about it, and its rows as text."""

    name: str
    heading: str
    prose: Sequence[str]
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Block:
    """A `Part` as the page shows it. `total`: rows of the whole table. `command`: prints the whole table."""

    name: str
    heading: str
    prose: Sequence[str]
    grid: Grid
    total: int
    command: str

    @property
    def named(self) -> Sequence[int]:
        """The columns that hold names of configurations, which may be long."""
        return [place for place, head in enumerate(self.grid.header) if "configuration" in head]


def as_block(folder: Path, evidence: Evidence, make: Callable[[Evidence], Part]) -> Block | None:
    """The block that `make` describes; None if it has no rows."""
    part = make(evidence)
    if not part.rows:
        return None
    reference = "" if evidence.frames.reference is None else f" report.baseline={evidence.frames.reference}"
    command = f"dropout-lab report {shlex.quote(str(folder))} report.table={part.name}{reference}"
    total = len(evidence.tables[part.name])
    return Block(part.name, part.heading, part.prose, Grid(part.header, part.rows), total, command)


def few(evidence: Evidence) -> Sequence[Any]:
    """The numbers of the best trials and of the baseline."""
    baseline = evidence.found.baseline
    best = list(evidence.table.loc[evidence.table["whole"], "trial"].head(FEW)) if len(evidence.table) else []
    return list(dict.fromkeys([*best, *([] if baseline is None else [baseline["trial"]])]))


def rows_of_few(evidence: Evidence, name: str) -> Iterator["pd.Series[Any]"]:
    """The rows of a table that belong to the trials of `few`, trial by trial."""
    table = evidence.tables[name]
    for trial in few(evidence):
        yield from (row for _, row in table[table["trial"] == trial].iterrows())
