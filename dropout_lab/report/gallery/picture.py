"""A figure of the report: files, texts, and the table it draws."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report.outline import Section
from dropout_lab.report.style import Drawing


@dataclass(frozen=True)
class Picture:
    """A figure as files (`name` is their stem), its texts, and the one table it draws.

    `alt`: the alternative text, what the figure shows in numbers.
    """

    name: str
    section: Section
    heading: str
    caption: str
    alt: str
    table: pd.DataFrame
    drawing: Drawing


@dataclass(frozen=True)
class Plan:
    """A picture before it is drawn; `draw` draws `table`."""

    name: str
    heading: str
    caption: str
    alt: str
    table: pd.DataFrame
    draw: Callable[[], Figure]


@dataclass(frozen=True)
class Gallery:
    """The pictures in the order of the page, and a sentence for each figure that this sweep does not have."""

    pictures: list[Picture]
    skipped: list[str]
