"""The source of a sweep's figures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from dropout_lab.report import figure_data, style
from dropout_lab.report.answer import Answer
from dropout_lab.report.load import Frames
from dropout_lab.report.names import plural
from dropout_lab.report.style import Looks
from dropout_lab.report.tables import TABLES


@dataclass
class Source:
    """`table`: the ranked configurations. `tables`: those of `TABLES` that exist already; others are computed.

    `folder`: the sweep's, which holds its predictions. `skipped`: sentences about figures that are not drawn.
    """

    frames: Frames
    table: pd.DataFrame
    found: Answer
    folder: Path | None = None
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    _made: dict[str, pd.DataFrame] = field(default_factory=dict)

    def made(self, name: str) -> pd.DataFrame:
        """A table of `TABLES`, computed at most once."""
        if name in self.tables:
            return self.tables[name]
        if name not in self._made:
            self._made[name] = TABLES[name].make(self.frames, self.table)
        return self._made[name]

    @property
    def objective(self) -> str:
        return self.found.objective

    @property
    def is_class(self) -> bool:
        return self.frames.is_classification

    @property
    def main(self) -> str:
        """The objective if it is a validation metric, else the validation loss."""
        return self.objective if self.objective in ("val_loss", "val_accuracy") else "val_loss"

    @cached_property
    def looks(self) -> Looks:
        return style.looks(figure_data.placements(self.frames))

    @cached_property
    def line_looks(self) -> Looks:
        """The looks of the lines over rates: those of placements, or of groups, which share none with a placement."""
        if self.part is None or self.part.by == "placement":
            return self.looks
        lines = list(self.part.rates["line"].unique())
        found = style.looks([*self.looks, *lines])
        return {name: found[name] for name in lines}

    @cached_property
    def rates(self) -> pd.DataFrame:
        return figure_data.by_rate(self.frames, self.table)

    @cached_property
    def part(self) -> figure_data.Chosen | None:
        """The part of the rates that is drawn; None without a rate axis."""
        return figure_data.chosen(self.rates, self.objective) if figure_data.has_rate_axis(self.rates) else None

    @property
    def means(self) -> str:
        some = ", with 95 % t intervals" if self.frames.seeds > 1 else ""
        return f"means over {plural(self.frames.seeds, 'seed')}{some}"

    @property
    def interval(self) -> str:
        return "Bars: 95 % t intervals over seeds." if self.frames.seeds > 1 else "One seed gives no interval."
