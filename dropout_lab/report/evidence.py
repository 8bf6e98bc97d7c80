"""The source of the report's texts: the frames, the answer, and the tables, each computed once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from dropout_lab.report.answer import Answer
from dropout_lab.report.load import Frames
from dropout_lab.report.statistics import ALPHA


@dataclass(frozen=True)
class Evidence:
    """`table`: the ranked configurations. `tables`: all of `tables.TABLES` by name. Nothing is computed here."""

    frames: Frames
    table: pd.DataFrame
    found: Answer
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

    @cached_property
    def comparison(self) -> "pd.Series | None":
        """The row of `comparisons` that has the best against its reference, in the objective."""
        return self.row("comparisons", self.found.best, metric=self.found.objective)

    @cached_property
    def optimism(self) -> "pd.Series | None":
        """The row of `optimism` about the best, in the objective."""
        return self.row("optimism", self.found.best, metric=self.found.objective)

    @cached_property
    def rates(self) -> pd.DataFrame:
        """The rows of `best_rates` for all placements together."""
        return self.tables["best_rates"][self.tables["best_rates"]["placement"] == ""]

    @property
    def reference_name(self) -> str:
        """The name of what the best is compared with."""
        reference = self.found.reference
        if reference is None or reference["baseline"]:
            return "no dropout"
        return f"{reference['name']} (trial {reference['trial']})"

    @cached_property
    def _beside(self) -> pd.DataFrame:
        """The rows of `to_best` of whole configurations."""
        beside = self.tables["to_best"]
        return beside[beside["trial"].isin(self.table.loc[self.table["whole"], "trial"])] if len(beside) else beside

    @property
    def indistinguishable(self) -> pd.DataFrame:
        """The rows of configurations that are statistically indistinguishable from the best (see `best_set`)."""
        return self._beside[~(self._beside["p_best"] < ALPHA)]

    @property
    def equivalent(self) -> pd.DataFrame:
        """The rows of configurations shown to be equivalent to the best within the margin, corrected by Holm."""
        return self._beside[self._beside["p_equivalence_holm"] < ALPHA]
