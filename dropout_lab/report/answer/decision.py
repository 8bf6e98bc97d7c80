"""What the sweep decides: one table of cases, from which the headline, the words and the next action all follow."""

from dataclasses import dataclass
from enum import Enum

import pandas as pd

from dropout_lab.report.spelling import is_maximised
from dropout_lab.report.statistics import ALPHA
from dropout_lab.report.topics.evidence import Evidence


class Verdict(Enum):
    """The cases, in the order in which they are tried."""

    NONE = "no configuration is ranked: nothing is recorded, all failed, nothing was learned, or seeds are missing"
    NO_REFERENCE = "no dropout (or the reference) is not among the complete configurations"
    ALONE = "only the reference is complete"
    ONE_SEED = "one seed shows no spread"
    BETTER = "the best is significantly better than the reference (paired t test, Holm)"
    REFERENCE = "every other configuration is significantly worse than the reference (paired t test, Holm)"
    AS_GOOD = "no other configuration is better than the reference by more than the margin (one-sided t tests)"
    UNDECIDED = "none of these is shown"

    @property
    def is_decided(self) -> bool:
        return self in (Verdict.BETTER, Verdict.REFERENCE, Verdict.AS_GOOD)


@dataclass(frozen=True)
class Decision:
    """The verdict, and the configuration to use: None unless `verdict.is_decided`."""

    verdict: Verdict
    use: pd.Series | None = None
    rivals: pd.DataFrame | None = None
    """Rows of `comparisons` in the objective: the other complete configurations, each against the reference."""


def decide(evidence: Evidence) -> Decision:
    """Find the first case that holds."""
    choice, metric = evidence.choice, evidence.objective
    best, reference = choice.best, choice.reference
    if best is None:
        return Decision(Verdict.NONE)
    if reference is None or not reference.get("whole", False):
        return Decision(Verdict.NO_REFERENCE)
    rivals = _rivals(evidence, reference)
    if rivals.empty:
        return Decision(Verdict.ALONE)
    if evidence.frames.seeds == 1:
        return Decision(Verdict.ONE_SEED, rivals=rivals)
    sign = 1.0 if is_maximised(metric) else -1.0
    improvement = sign * rivals["mean"]
    significant = rivals["p_holm"] < ALPHA
    mine = rivals["trial"] == best["trial"]
    if (significant & (improvement > 0) & mine).any():
        return Decision(Verdict.BETTER, best, rivals)
    if (significant & (improvement < 0)).all():
        return Decision(Verdict.REFERENCE, reference, rivals)
    if (rivals["p_no_better"] < ALPHA).all():
        return Decision(Verdict.AS_GOOD, reference, rivals)
    return Decision(Verdict.UNDECIDED, rivals=rivals)


def _rivals(evidence: Evidence, reference: pd.Series) -> pd.DataFrame:
    """The complete configurations that are compared with this reference."""
    table, found = evidence.table, evidence.tables["comparisons"]
    whole = table.loc[table["whole"], "trial"]
    mine = (found["metric"] == evidence.objective) & (found["against"] == reference["trial"])
    rivals: pd.DataFrame = found[mine & found["trial"].isin(whole)]
    return rivals.reset_index(drop=True)
