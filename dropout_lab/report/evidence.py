"""What the words of the report are made of: the frames, the answer, and the tables, each made once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from dropout_lab.report.answer import Answer
from dropout_lab.report.load import Frames
from dropout_lab.report.statistics import ALPHA


@dataclass(frozen=True)
class Evidence:
    """`table`: the ranked configurations. `tables`: all of `tables.TABLES` by name. Nothing is reckoned here."""

    frames: Frames
    table: pd.DataFrame
    found: Answer
    tables: Mapping[str, pd.DataFrame]

    def rows(self, name: str, trial: "pd.Series | None", **equal: object) -> pd.DataFrame:
        """The rows of a table about a trial (None: no row) whose columns hold these values."""
        table = self.tables[name]
        if trial is None:
            return table.iloc[:0]
        chosen = table["trial"] == trial["trial"]
        for column, wanted in equal.items():
            chosen &= table[column] == wanted
        rows: pd.DataFrame = table[chosen]
        return rows

    def row(self, name: str, trial: "pd.Series | None", **equal: object) -> "pd.Series | None":
        """The first of `rows`, if there is one."""
        found = self.rows(name, trial, **equal)
        return None if found.empty else found.iloc[0]

    @cached_property
    def comparison(self) -> "pd.Series | None":
        """The best beside its reference in the objective, a row of `comparisons`."""
        return self.row("comparisons", self.found.best, metric=self.found.objective)

    @cached_property
    def optimism(self) -> "pd.Series | None":
        return self.row("optimism", self.found.best, metric=self.found.objective)

    @cached_property
    def rates(self) -> pd.DataFrame:
        """The rows of `best_rates` for all placements together."""
        return self.tables["best_rates"][self.tables["best_rates"]["placement"] == ""]

    @property
    def reference_name(self) -> str:
        """What the best is compared with, in words."""
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
        """Those that are not told from the best, for which the choice of the best is accounted (`best_set`)."""
        return self._beside[~(self._beside["p_best"] < ALPHA)]

    @property
    def equivalent(self) -> pd.DataFrame:
        """Those that are shown to be as good as the best within the margin, corrected by Holm for all of them."""
        return self._beside[self._beside["p_equivalence_holm"] < ALPHA]
