"""What a sweep found, in Python: its frames, its answer, its figures."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import pandas as pd

from dropout_lab.api.figure import drawn
from dropout_lab.api.undisturbed import undisturbed
from dropout_lab.build.builder import Builder
from dropout_lab.build.cohort_trainer import CohortTrainer
from dropout_lab.config.handed import handed
from dropout_lab.core.errors import UserError
from dropout_lab.report.frames.load import load
from dropout_lab.report.result import Report
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.outline import pictures
from dropout_lab.report.topics.part import Plan
from dropout_lab.report.write.gallery import planned_for
from dropout_lab.report.write.write import evidence_of
from dropout_lab.sweeper.repeat import repeat

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class SweepResult:
    """A finished sweep: what its folder held when it ended.

    A notebook shows the first screen of the report.
    """

    def __init__(self, report: Report, handed: Mapping[str, Any]) -> None:
        self._report, self._handed = report, handed
        self.report: Path = report.html.absolute()
        """The page."""
        self.folder: Path = self.report.parent
        """The records, the tables and the figures."""
        self.answer: str = "\n".join(report.prose)
        """The sentences above the report's numbers: what to use, how sure that is, what to do next."""
        frames = load(self.folder)
        self.runs: pd.DataFrame = frames.runs
        """A row for each training, as in runs.csv."""
        self.curves: pd.DataFrame = frames.curves
        """A row for each epoch of each training, as in curves.csv."""
        self.notes: Sequence[str] = (*frames.asked.get("notes", ()), *frames.asked.get("warnings", ()), *report.notes)
        """What was made of the data, what was warned of, and remarks about the records."""
        self._frames = frames

    @property
    def trials(self) -> pd.DataFrame:
        """A row for each configuration, the best first, as in trials.csv; its label is the number of the trial.

        So `trials.loc[17]` is trial 17, which `repeat(17)` trains again, and `trials.iloc[0]` is the best.
        """
        table = self._evidence.table
        return table.set_axis(table["trial"].to_numpy(), axis="index")

    @property
    def figures(self) -> Sequence[str]:
        """The names of the figures that this sweep has."""
        return tuple(self._plans)

    def figure(self, name: str) -> "Figure":
        """A figure of the report, drawn anew. Raises UserError for a name that this sweep has no figure of."""
        if name not in self._plans:
            why = "this sweep has no such figure" if name in pictures() else "there is no such figure"
            raise UserError(
                f"figure {name}: {why}; allowed: {', '.join(self.figures) or 'none, as no run is complete'}"
            )
        return drawn(self._plans[name])

    def repeat(self, trial: int) -> bool:
        """Train a trial again from its record, print both results, and return whether they are the same.

        trial: its number, as in the column `trial` and the labels of `trials`, not its place in that table. As
        `dropout-lab train --from` does, which needs names for the network and the data. Raises UserError for what is
        no number of a trial of the sweep.
        """
        if isinstance(trial, bool) or not isinstance(trial, Integral):
            raise UserError(f"repeat({trial!r}): must be the number of a trial, as in the column `trial` of trials")
        with undisturbed(), handed(self._handed):
            return repeat(self.folder, int(trial), CohortTrainer(Builder()), print, trusted=True)

    @cached_property
    def _evidence(self) -> Evidence:
        return evidence_of(self._frames)

    @cached_property
    def _plans(self) -> dict[str, Plan]:
        plans, _ = planned_for(self._evidence)
        return plans

    def __repr__(self) -> str:
        headline, *_ = self._report.prose or ["no answer"]
        return f"<sweep in {self.folder}: {headline}>"

    def _repr_html_(self) -> str:
        loader = jinja2.PackageLoader("dropout_lab.api", ".")
        page = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
        headline, *rest = self._report.prose or ["no answer"]
        return page.get_template("result.html").render(
            headline=headline,
            sentences=[sentence.split("\n", 1) for sentence in rest],
            header=self._report.header,
            rows=self._report.rows,
            report=str(self.report),
            uri=self.report.as_uri(),
        )
