"""The parts of a topic: tables and figures, each declared once, beside its code."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report.frames.column import Columns
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.topics.evidence import Evidence


@dataclass(frozen=True)
class Shown:
    """What the page shows of a table: its heading, the sentences about it, and its first rows as text."""

    heading: str
    prose: Sequence[str]
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Table:
    """A table of the report, a file in tables/. `make`: from the frames and the ranked configurations."""

    name: str
    make: Callable[[Frames, pd.DataFrame], pd.DataFrame]
    columns: Columns
    show: Callable[[Evidence], Shown | None] | None = None
    """What the page shows of it: nothing where it is None, or returns None."""


@dataclass(frozen=True)
class Plan:
    """A figure before it is drawn; `draw` draws `table`, and `alt` is its alternative text, in numbers."""

    heading: str
    caption: str
    alt: str
    table: pd.DataFrame
    draw: Callable[[], Figure]
    narrow: Callable[[], Figure] | None = None
    """Draws it for a phone."""


@dataclass(frozen=True)
class Picture:
    """A figure of the report, files in figures/."""

    name: str
    plan: Callable[[Evidence], Plan | str | None]
    """A sweep's figure; the reason why it has none, as a sentence; or None where nobody would look for one."""
    columns: Columns = field(default_factory=dict)
    """The columns of the drawn table that neither trials.csv nor the table of the same name has."""


Part = Table | Picture
