"""The comparison that the sweep was run for: the best configuration, its baseline, and their difference."""

from dataclasses import dataclass

import pandas as pd

from dropout_lab.report.load import Frames
from dropout_lab.report.statistics import ALPHA, LEVEL, Mean, means_of_rows
from dropout_lab.report.tables import by_seed, ranked


@dataclass(frozen=True)
class Answer:
    """Rows of the table of configurations; None for a row that does not exist.

    `best`: the best mean of the objective among trials with all seeds complete. `baseline`: that of its context.
    `reference`: what the best is compared with, its baseline unless another trial was asked for. `worst`: in the
    context of `best`, with all seeds complete. `difference`: best minus reference in the objective, paired by seed;
    None if the two are one. `tests`: the number of configurations that were tested. The interval of `difference` is
    simultaneous over them (Bonferroni, level 1 - 0.05 / tests): it covers the true difference with at least 95 %,
    whichever of them was chosen for looking best. That of `alone` does not; it is of a single comparison that was not
    chosen. `other_baseline`: the best baseline of all contexts, if that is not `baseline`.
    """

    objective: str
    best: pd.Series | None = None
    baseline: pd.Series | None = None
    reference: pd.Series | None = None
    worst: pd.Series | None = None
    difference: Mean | None = None
    alone: Mean | None = None
    tests: int = 0
    whole: int = 0
    other_baseline: pd.Series | None = None
    other_difference: Mean | None = None

    @property
    def is_significant(self) -> bool:
        """Whether best and reference differ significantly: by the t test, and still after Holm correction."""
        return (
            self.best is not None
            and self.alone is not None
            and self.alone.excludes_zero
            and bool(self.best[f"{self.objective}_p_holm"] < ALPHA)
        )


def answer(frames: Frames, table: pd.DataFrame) -> Answer:
    """Find the answer in the table of configurations."""
    objective = frames.objectives[0]
    if table.empty or objective not in table:
        return Answer(objective)
    order = ranked(table, objective, frames.seeds)
    whole = order[order["whole"]]
    if whole.empty:
        return Answer(objective)
    values = by_seed(frames, [objective])

    def difference(one: pd.Series, other: pd.Series, level: float = LEVEL) -> Mean:
        ours, theirs = (values.of(objective, values.rows([trial["trial"]])) for trial in (one, other))
        return means_of_rows(ours - theirs, level).of(0)

    best = whole.iloc[0]
    baselines = order[order["baseline"] & order[objective].notna()]
    own = baselines[baselines["context"] == best["context"]]
    baseline = None if own.empty else own.iloc[0]
    same = whole[whole["context"] == best["context"]]
    asked = order[order["trial"] == frames.reference]
    reference = baseline if asked.empty else asked.iloc[0]
    compared = reference is not None and reference["key"] != best["key"]
    rival = baselines[baselines["whole"]].head(1)
    rival = rival[~rival["key"].isin([best["key"], None if baseline is None else baseline["key"]])]
    tests = int(table[f"{objective}_p"].notna().sum())
    return Answer(
        objective=objective,
        best=best,
        baseline=baseline,
        reference=reference,
        worst=same.iloc[-1] if len(same) > 1 else None,
        difference=difference(best, reference, 1 - ALPHA / max(1, tests))
        if compared and reference is not None
        else None,
        alone=difference(best, reference) if compared and reference is not None else None,
        tests=tests,
        whole=len(whole),
        other_baseline=None if rival.empty else rival.iloc[0],
        other_difference=None if rival.empty else difference(best, rival.iloc[0]),
    )
