"""What a figure of the report is: files, words, and the table it draws."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report.style import Drawing

SECTIONS: Sequence[str] = (
    "Rates and placements",
    "Differences to no dropout",
    "Convergence",
    "Curves",
    "Search",
    "Confidence",
    "Cost",
)
"""The sections that a picture may be in, in the order of the page."""


@dataclass(frozen=True)
class Picture:
    """A figure as files (`name` is their stem), its words, and the one table it draws.

    `section`: one of `SECTIONS`. `alt`: what it shows, in numbers, for who does not see it.
    """

    name: str
    section: str
    heading: str
    caption: str
    alt: str
    table: pd.DataFrame
    drawing: Drawing


@dataclass(frozen=True)
class Plan:
    """A picture that is not drawn yet; `draw` draws `table`."""

    name: str
    heading: str
    caption: str
    alt: str
    table: pd.DataFrame
    draw: Callable[[], Figure]


@dataclass(frozen=True)
class Gallery:
    """The pictures in the order of the page, and one sentence per figure that this sweep does not get."""

    pictures: list[Picture]
    skipped: list[str]
