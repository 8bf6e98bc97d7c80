"""What the sweep decides: one table of cases, from which the headline, the words and the next action all follow."""

from dataclasses import dataclass
from enum import Enum

import pandas as pd

from dropout_lab.report.spelling import is_maximised
from dropout_lab.report.statistics import ALPHA
from dropout_lab.report.topics.differences.comparisons import comparisons
from dropout_lab.report.topics.evidence import Evidence


class Verdict(Enum):
    """The cases, in the order in which they are tried."""

    NONE = "no configuration is ranked: nothing is recorded, all failed, nothing was learned, or seeds are missing"
    NO_REFERENCE = "no dropout (or the reference) is not among the complete configurations"
    ALONE = "only the reference is complete"
    ONE_SEED = "one seed shows no spread"
    BETTER = (
        "the best is significantly better than the reference (paired t test, Holm), and no configuration without "
        "dropout, of any context, may be as good"
    )
    REFERENCE = (
        "no dropout, or the reference, is the best, and the confidence set for the best holds no configuration with "
        "dropout, or no other"
    )
    AS_GOOD = "no other configuration is better than the reference by more than the margin (one-sided t tests)"
    UNDECIDED = "none of these is shown"

    @property
    def is_decided(self) -> bool:
        return self in (Verdict.BETTER, Verdict.REFERENCE, Verdict.AS_GOOD)


@dataclass(frozen=True)
class Decision:
    """The verdict, and what it rests on.

    `use`: the configuration to use; None unless `verdict.is_decided`. `rivals`: the other complete configurations, each
    against the reference in the objective, with the columns of `comparisons`. `elsewhere`: the best configuration
    without dropout of another context, where it may be as good as the best.
    """

    verdict: Verdict
    use: pd.Series | None = None
    rivals: pd.DataFrame | None = None
    elsewhere: pd.Series | None = None


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
    if choice.is_significant and choice.difference is not None and sign * choice.difference.mean > 0:
        elsewhere = _elsewhere(evidence)
        if elsewhere is None:
            return Decision(Verdict.BETTER, best, rivals)
        return Decision(Verdict.UNDECIDED, rivals=rivals, elsewhere=elsewhere)
    may_be = frozenset(evidence.indistinguishable["trial"])
    if best["trial"] == reference["trial"] and may_be.isdisjoint(rivals["trial"]):
        return Decision(Verdict.REFERENCE, reference, rivals)
    if _no_better(rivals, sign).all():
        return Decision(Verdict.AS_GOOD, reference, rivals)
    return Decision(Verdict.UNDECIDED, rivals=rivals)


def _no_better(rivals: pd.DataFrame, sign: float) -> "pd.Series[bool]":
    """Which are shown not to be better than the reference by more than the margin; without any spread, by the means."""
    is_constant = rivals["p_no_better"].isna() & (rivals["n"] > 1)
    return (rivals["p_no_better"] < ALPHA) | (is_constant & (sign * rivals["mean"] <= rivals["margin"]))


def _rivals(evidence: Evidence, reference: pd.Series) -> pd.DataFrame:
    """The complete configurations, of all contexts, against the reference; other baselines only beside a trial."""
    table = evidence.table
    whole = table[table["whole"] & (table["trial"] != reference["trial"])]
    if reference["baseline"]:
        whole = whole[~whole["baseline"]]
    if whole.empty:
        return evidence.tables["comparisons"].iloc[:0]
    found = comparisons(evidence.frames, whole, baseline=int(reference["trial"]), metrics=[evidence.objective])
    return found.reset_index(drop=True)


def _elsewhere(evidence: Evidence) -> pd.Series | None:
    """The best of the baselines of other contexts that are in the confidence set of the best."""
    reference, table = evidence.choice.reference, evidence.table
    if reference is None or evidence.frames.reference is not None:
        return None
    others = table[table["baseline"] & (table["trial"] != reference["trial"])]
    found = others[others["trial"].isin(evidence.indistinguishable["trial"])]
    return None if found.empty else found.iloc[0]
