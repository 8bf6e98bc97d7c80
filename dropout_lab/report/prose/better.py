"""How much better the best is than its reference, and whether the seeds could show it."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from dropout_lab.report.evidence import Evidence
from dropout_lab.report.names import amount, difference, is_maximised, plural, probability, title
from dropout_lab.report.prose.spelling import interval, with_interval
from dropout_lab.report.statistics import ALPHA, POWER, Mean


def better(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    found, other = evidence.found, evidence.reference_name
    reference, gap, metric = found.reference, found.difference, found.objective
    if reference is not None and reference["key"] == best["key"]:
        if found.whole > 1:
            kind = "configuration with dropout" if best["baseline"] else "other configuration"
            yield f"No {kind} has a better mean than {other}."
            yield from _runner_up(evidence, best)
        return
    if reference is None or gap is None:
        yield "No run without dropout is complete in its context, so the sweep cannot say whether dropout helps."
        return
    yield _verdict(evidence, best, gap)
    start = f"Without dropout (trial {reference['trial']})" if reference["baseline"] else f"With {other}"
    yield f"{start}, the {title(metric)} is {with_interval(metric, reference)}."
    row = evidence.comparison
    yield _paired(evidence, best, gap, row)
    if row is not None:
        yield from same(evidence, row)
        yield from few_seeds(evidence, row)


def _runner_up(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    """The best of the others, or the best with dropout if no dropout is best."""
    metric, beside = evidence.found.objective, evidence.tables["to_best"]
    table = evidence.table[evidence.table["whole"] & (evidence.table["baseline"] != best["baseline"])]
    rows = beside[beside["trial"].isin(table["trial"])]
    if rows.empty:
        return
    row = rows.iloc[0]
    gap = Mean(row["mean"], row["low"], row["high"], int(row["n"]), row["p"])
    corrected = f"after Holm correction for {plural(len(beside), 'test')}"
    if row["p_equivalence_holm"] < ALPHA:
        verdict = f"equivalent, as the difference is shown to be less than {amount(metric, row['margin'])} either way"
    elif row["p_holm"] < ALPHA:
        verdict = f"significantly worse {corrected}"
    else:
        verdict = f"inconclusive {corrected}; equivalence could not be shown either"
    yield (
        f"The runner-up, {row['name']}, differs from it by {difference(metric, gap.mean)} ({interval(metric, gap)}): "
        f"{verdict}."
    )


def _paired(evidence: Evidence, best: pd.Series, gap: Mean, row: "pd.Series | None") -> str:
    found, metric = evidence.found, evidence.found.objective
    seeds = plural(gap.n, "pair")
    if row is not None and pd.notna(row["improvement"]) and gap.n > 1:
        seeds = f"better in {row['improvement'] * row['n']:g} of {seeds}"
    text = f"Paired by seed, the difference to {evidence.reference_name} is {difference(metric, gap.mean)} "
    several = found.tests > 1 and pd.notna(gap.low)
    over = f", simultaneous over the {found.tests} comparisons" if several else ""
    text += f"({interval(metric, gap)}{over}; {seeds})."
    if found.is_significant:
        return text if gap.excludes_zero else f"{text} Holm's step-down correction is sharper than this interval."
    tested = _tested(evidence, best)
    return f"{text} {tested[:1].upper()}{tested[1:]}." if tested else text


def _tested(evidence: Evidence, best: pd.Series) -> str:
    """`paired t test, p = 0.031 after Holm correction for 9 tests`; empty without a test."""
    p = best[f"{evidence.found.objective}_p_holm"]
    if pd.isna(p):
        return ""
    return f"paired t test, {_p(p)} after Holm correction for {plural(evidence.found.tests, 'test')}"


def _p(p: float) -> str:
    return probability(float(p))


def _verdict(evidence: Evidence, best: pd.Series, gap: Mean) -> str:
    found, other = evidence.found, evidence.reference_name
    if found.is_significant:
        beats = "beats" if (gap.mean > 0) == is_maximised(found.objective) else "is worse than"
        return f"{best['name']} {beats} {other} ({_tested(evidence, best)})."
    if gap.n < 2:
        why = "one seed shows no spread between seeds"
    elif pd.isna(gap.low):
        why = "the seeds show no spread to judge by"
    elif found.alone is not None and found.alone.excludes_zero:
        why = "the interval of this comparison alone excludes zero, but not after correction for "
        why += plural(found.tests, "test")
    else:
        why = "the interval of the difference contains zero"
    return f"{best['name']} is statistically indistinguishable from {other}: {why}."


def same(evidence: Evidence, row: pd.Series) -> Iterator[str]:
    """What an equivalence test shows; a test that finds no difference does not show equivalence."""
    metric, p = evidence.found.objective, row["p_equivalence"]
    if pd.isna(p):
        return
    margin = amount(metric, row["margin"])
    if p < ALPHA:
        yield (
            f"The two are equivalent: the difference is shown to be less than {margin} either way (two one-sided t "
            f"tests, {_p(p)})."
        )
    elif not evidence.found.is_significant:
        yield f"Equivalence within {margin} could not be shown (two one-sided t tests, {_p(p)})."


def few_seeds(evidence: Evidence, row: pd.Series) -> Iterator[str]:
    """What this number of seeds could show at all, and how many seeds it would take."""
    n, tests = int(row["n"]), evidence.found.tests
    if n > 1 and row["p_flip_least"] > ALPHA:
        yield "The t test assumes normally distributed differences between seeds."
        yield (
            f"With {plural(n, 'seed')} and {plural(tests, 'comparison')}, neither the paired sign-flip test nor "
            "Wilcoxon's signed-rank test can reach significance after Holm correction, whatever the data; that takes "
            f"{row['p_flip_seeds']:.0f} seeds."
        )
    needed = row["seeds_needed"]
    if evidence.found.is_significant or not np.isfinite(needed):
        return
    more = f"{needed:.0f} seeds, {needed - n:.0f} more" if needed > n else f"{needed:.0f} seeds, as many as there are"
    yield (
        f"If the true difference and its spread equal the observed ones, detecting it with power {POWER:g} among "
        f"{plural(tests, 'comparison')} takes about {more}."
    )
