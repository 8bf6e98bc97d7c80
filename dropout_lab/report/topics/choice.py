"""The comparison that the sweep was run for: the best configuration, its baseline, and their difference."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dropout_lab.report.frames.by_seed import BySeed, by_seed
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.frames.ranking import ranked
from dropout_lab.report.spelling import is_maximised
from dropout_lab.report.statistics import (
    ALPHA,
    Mean,
    Means,
    best_set,
    holm,
    means_of_rows,
    negated,
    simultaneous,
    whole_rows,
)


@dataclass(frozen=True)
class Choice:
    """Rows of the table of configurations; None for a row that does not exist.

    `best`: the best mean of the objective among trials with all seeds complete. `baseline`: that of its context.
    `reference`: what the best is compared with, its baseline unless another trial was asked for. `worst`: in the
    context of `best`, with all seeds complete. `difference`: best minus reference in the objective, paired by seed;
    None if the two are one, or the reference is not whole. Its interval is simultaneous over all configurations
    (`statistics.simultaneous`): it covers the true difference with at least 95 %, whichever of them was chosen for
    looking best. `tests`: the number of configurations that were tested. `whole`: the number of configurations with all
    seeds complete. `other_baseline`: the best baseline of all contexts, if that is not `baseline`. `beside`: what the
    best is shown beside: its reference; if that is the best itself, the best of what is compared with it.
    `beside_difference`: best minus `beside`, with the interval of `difference`.
    """

    objective: str
    best: pd.Series | None = None
    baseline: pd.Series | None = None
    reference: pd.Series | None = None
    worst: pd.Series | None = None
    difference: Mean | None = None
    tests: int = 0
    whole: int = 0
    other_baseline: pd.Series | None = None
    other_difference: Mean | None = None
    beside: pd.Series | None = None
    beside_difference: Mean | None = None

    @property
    def is_significant(self) -> bool:
        """Whether best and reference differ significantly, after Holm correction for all configurations."""
        return self.best is not None and bool(self.best.get(f"{self.objective}_p_holm", 1.0) < ALPHA)


def choose(frames: Frames, table: pd.DataFrame) -> Choice:
    """Find the choice in the table of configurations."""
    objective = frames.objectives[0]
    if table.empty or objective not in table:
        return Choice(objective)
    order = ranked(table, objective, frames.seeds)
    whole = order[order["whole"]]
    if whole.empty:
        return Choice(objective)
    values = by_seed(frames, [objective])

    best = whole.iloc[0]
    baselines = order[order["baseline"] & order[objective].notna()]
    own = baselines[baselines["context"] == best["context"]]
    baseline = None if own.empty else own.iloc[0]
    same = whole[whole["context"] == best["context"]]
    asked = order[order["trial"] == frames.reference]
    reference = baseline if asked.empty else asked.iloc[0]
    compared = reference is not None and reference["key"] != best["key"] and bool(reference["whole"])
    rival = baselines[baselines["whole"]].head(1)
    rival = rival[~rival["key"].isin([best["key"], None if baseline is None else baseline["key"]])]
    together = simultaneous(values.differences(objective))
    row = int(values.rows([best["trial"]])[0])
    against = whole[values.against(None)[values.rows(whole["trial"])] == row]
    beside = reference if compared else None if against.empty else against.iloc[0]
    return Choice(
        objective=objective,
        best=best,
        baseline=baseline,
        reference=reference,
        worst=same.iloc[-1] if len(same) > 1 else None,
        difference=together.of(row) if compared else None,
        tests=int(np.isfinite(together.p).sum()),
        whole=len(whole),
        other_baseline=None if rival.empty else rival.iloc[0],
        other_difference=None if rival.empty else _alone(values, objective, best, rival.iloc[0]),
        beside=beside,
        beside_difference=together.of(row) if compared else _turned(values, together, beside),
    )


def _turned(values: BySeed, together: Means, beside: pd.Series | None) -> Mean | None:
    """The difference of the reference to one that is compared with it."""
    return None if beside is None else negated(together.of(int(values.rows([beside["trial"]])[0])))


def _alone(values: BySeed, objective: str, one: pd.Series, other: pd.Series) -> Mean:
    """The difference of two trials, with the interval of a single comparison."""
    ours, theirs = (values.of(objective, values.rows([trial["trial"]])) for trial in (one, other))
    return means_of_rows(ours - theirs).of(0)


def p_best(frames: Frames, table: pd.DataFrame) -> pd.Series:
    """p that each whole configuration of the ranked `table` is the best, by trial; NaN where no test is possible.

    Below 0.05, it is not in the 95 % confidence set. Two families of tests share the level, so that the set agrees with
    what is said of the reference: each configuration against the best-looking one, two-sided, times the number of the
    others (`statistics.best_set`); and Holm's test of each against its baseline or the reference. A configuration is
    left out if either shows it to be worse; the reference of the best-looking one is left out if and only if Holm's
    test shows it to be worse than that one. The truly best is left out with at most 2.5 % by one family, as its test
    must err towards worse, and with at most 2.5 % by the other; the reference is tested by Holm's family alone.
    """
    objective = frames.objectives[0]
    values = by_seed(frames, [objective])
    sign = -1.0 if is_maximised(objective) else 1.0
    whole = table.loc[table["whole"], "trial"]
    rows = values.rows(whole)
    matrix = sign * values.values[objective][rows]
    found = np.full(len(rows), np.nan)
    known = whole_rows(matrix)
    if known.any():
        found[known] = np.minimum(1.0, 2 * best_set(matrix[known]).p)
    differences = means_of_rows(sign * values.differences(objective))
    corrected = holm(differences.p)
    against = values.against(None)
    is_worse = (differences.mean[rows] > 0) & np.isin(against[rows], rows)
    found = np.where(is_worse, np.fmin(found, corrected[rows]), found)
    best = rows[0]
    reference = against[best]
    found[rows == reference] = corrected[best] if differences.mean[best] < 0 else 1.0
    return pd.Series(found, index=pd.Index(whole))
