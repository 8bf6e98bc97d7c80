"""Rules of the next action: how many seeds would decide."""

import numpy as np

from dropout_lab.report.answer.case import Action, Case
from dropout_lab.report.answer.decision import Decision, Verdict
from dropout_lab.report.answer.headline import better
from dropout_lab.report.spelling import is_maximised
from dropout_lab.report.statistics import ALPHA, seeds_needed
from dropout_lab.report.topics.evidence import Evidence

MOST_SEEDS = 100
"""A difference that takes more seeds than this is not worth them."""


def one_seed(case: Case) -> Action | None:
    if case.decision.verdict is not Verdict.ONE_SEED:
        return None
    return Action("more seeds", "Train with five seeds: with one, a difference may be chance.", case.again(seeds="5"))


def more_seeds(case: Case) -> Action | None:
    """More seeds where a feasible number is likely to decide, else the simpler choice."""
    if case.decision.verdict is not Verdict.UNDECIDED:
        return None
    seeds, needed = case.evidence.frames.seeds, likely_seeds(case.evidence, case.decision)
    if needed is not None and seeds < needed <= MOST_SEEDS:
        return Action(
            "more seeds",
            f"About {needed} seeds are likely to decide it, if the true differences are as observed. Finished runs are "
            "kept. Adding seeds after looking makes p slightly too small.",
            case.again(seeds=str(needed)),
        )
    why = "The number of seeds that would decide it cannot be estimated."
    if needed is not None:
        why = f"More than {MOST_SEEDS} seeds would be needed to decide it."
    shown = better(case.evidence, case.decision)
    if shown is not None:
        return Action("simplest", f"{why} Take {shown['name']}, which is shown to be better.", case.export(shown))
    simple = case.decision.elsewhere if case.decision.elsewhere is not None else case.evidence.choice.reference
    assert simple is not None
    choice = f"Take {simple['name']}{', the simpler choice' if simple['baseline'] else ''}."
    return Action("simplest", f"{why} {choice}", case.export(simple))


def likely_seeds(evidence: Evidence, decision: Decision) -> int | None:
    """Seeds with which an undecided sweep is likely to be decided one way or the other; None if no number is known.

    The smaller of two numbers: to detect the best one's difference, corrected for all comparisons; and to show that no
    configuration is better than the reference by more than the margin. Both take the observed differences and spreads
    for the true ones.
    """
    rivals, choice = decision.rivals, evidence.choice
    if rivals is None or rivals.empty or choice.best is None:
        return None
    if decision.elsewhere is not None:
        row = evidence.row("to_best", decision.elsewhere)
        needed = np.inf if row is None else float(row["seeds_needed"])
        return max(evidence.frames.seeds + 1, int(needed)) if np.isfinite(needed) else None
    sign = 1.0 if is_maximised(evidence.objective) else -1.0
    found = [float(rivals.loc[rivals["trial"] == choice.best["trial"], "seeds_needed"].min())]
    left = rivals[~(rivals["p_no_better"] < ALPHA)]
    room = left["margin"] - sign * left["mean"]
    if len(left) and (room > 0).all() and left["deviation"].notna().all():
        effects = (room / left["deviation"]).to_numpy(dtype=float)
        found.append(float(seeds_needed(effects, 2 * ALPHA).max()))  # one-sided, and so at twice the level
    known = [number for number in found if np.isfinite(number)]
    return max(evidence.frames.seeds + 1, int(min(known))) if known else None
