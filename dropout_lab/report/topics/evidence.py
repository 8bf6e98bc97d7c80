"""The source of the report's figures and sentences: the frames, the choice, and the tables, each computed once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from dropout_lab.report.draw import style
from dropout_lab.report.draw.style import Looks
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import plural
from dropout_lab.report.statistics import ALPHA
from dropout_lab.report.topics.choice import Choice
from dropout_lab.report.topics.lines import Chosen, by_rate, chosen, has_rate_axis, placements


@dataclass(frozen=True)
class Evidence:
    """`table`: the ranked configurations. `tables`: those of the outline, by name."""

    frames: Frames
    table: pd.DataFrame
    choice: Choice
    tables: Mapping[str, pd.DataFrame]

    def rows(self, name: str, trial: "pd.Series | None", **equal: object) -> pd.DataFrame:
        """The rows of a table about a trial whose columns `equal` these values; without a trial, no row."""
        table = self.tables[name]
        if trial is None:
            return table.iloc[:0]
        chosen = table["trial"] == trial["trial"]
        for column, wanted in equal.items():
            chosen &= table[column] == wanted
        rows: pd.DataFrame = table[chosen]
        return rows

    def row(self, name: str, trial: "pd.Series | None", **equal: object) -> "pd.Series | None":
        """The first of `rows`; None if there is none."""
        found = self.rows(name, trial, **equal)
        return None if found.empty else found.iloc[0]

    @property
    def objective(self) -> str:
        return self.choice.objective

    @property
    def is_class(self) -> bool:
        return self.frames.is_classification

    @property
    def main(self) -> str:
        """The objective if it is a validation metric, else the validation loss."""
        return self.objective if self.objective.startswith("val_") else "val_loss"

    @cached_property
    def comparison(self) -> "pd.Series | None":
        """The row of `comparisons` that has the best against its reference, in the objective."""
        return self.row("comparisons", self.choice.best, metric=self.objective)

    @property
    def reference_name(self) -> str:
        """The name of what the best is compared with."""
        reference = self.choice.reference
        if reference is None or reference["baseline"]:
            return "no dropout"
        return f"{reference['name']} (trial {reference['trial']})"

    @cached_property
    def _beside(self) -> pd.DataFrame:
        """The rows of `to_best` of whole configurations."""
        beside = self.tables["to_best"]
        return beside[beside["trial"].isin(self.table.loc[self.table["whole"], "trial"])] if len(beside) else beside

    @cached_property
    def indistinguishable(self) -> pd.DataFrame:
        """The rows of configurations that are statistically indistinguishable from the best (see `best_set`)."""
        return self._beside[~(self._beside["p_best"] < ALPHA)]

    @cached_property
    def equivalent(self) -> pd.DataFrame:
        """The rows of configurations shown to be equivalent to the best within the margin, corrected by Holm."""
        return self._beside[self._beside["p_equivalence_holm"] < ALPHA]

    @cached_property
    def looks(self) -> Looks:
        return style.looks(placements(self.frames))

    @cached_property
    def line_looks(self) -> Looks:
        """The looks of the lines over rates: those of placements, or of groups, which share none with a placement."""
        if self.part is None or self.part.by == "placement":
            return self.looks
        lines = list(self.part.rates["line"].unique())
        found = style.looks([*self.looks, *lines])
        return {name: found[name] for name in lines}

    @cached_property
    def by_rate(self) -> pd.DataFrame:
        """See `lines.by_rate`."""
        return by_rate(self.frames, self.table)

    @cached_property
    def part(self) -> Chosen | None:
        """The part of the rates that is drawn; None without a rate axis."""
        return chosen(self.by_rate, self.objective) if has_rate_axis(self.by_rate) else None

    @property
    def means(self) -> str:
        """`means over 5 seeds, with 95 % t intervals`."""
        some = ", with 95 % t intervals" if self.frames.seeds > 1 else ""
        return f"means over {plural(self.frames.seeds, 'seed')}{some}"

    @property
    def interval(self) -> str:
        """A sentence about the bars of a figure."""
        return "Bars: 95 % t intervals over seeds." if self.frames.seeds > 1 else "One seed gives no interval."
