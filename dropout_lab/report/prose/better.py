"""How much better the best is than what it is compared with, and whether the seeds could tell."""

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
            yield from _next(evidence, best)
        return
    if reference is None or gap is None:
        yield "No run without dropout is complete in its context, so the sweep cannot say whether dropout helps."
        return
    yield _verdict(evidence, best, gap)
    start = f"Without dropout (trial {reference['trial']})" if reference["baseline"] else f"With {other}"
    yield f"{start} the {title(metric)} is {with_interval(metric, reference)}."
    row = evidence.comparison
    yield _paired(evidence, best, gap, row)
    if row is not None:
        yield from same(evidence, row)
        yield from few_seeds(evidence, row)


def _next(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    """The best of the others beside the best: of those with dropout, where none is best."""
    metric, beside = evidence.found.objective, evidence.tables["to_best"]
    table = evidence.table[evidence.table["whole"] & (evidence.table["baseline"] != best["baseline"])]
    rows = beside[beside["trial"].isin(table["trial"])]
    if rows.empty:
        return
    row = rows.iloc[0]
    gap = Mean(row["mean"], row["low"], row["high"], int(row["n"]), row["p"])
    text = f"The next, {row['name']}, is {difference(metric, gap.mean)} from it ({interval(metric, gap)})"
    if row["p_equivalence_holm"] < ALPHA:
        yield f"{text}: no difference that matters, shown to be less than {amount(metric, row['margin'])} either way."
    elif row["p_holm"] < ALPHA:
        yield f"{text}: told worse, Holm-corrected for {plural(len(beside), 'test')}."
    else:
        yield f"{text}: not told apart, Holm-corrected for {plural(len(beside), 'test')}, nor shown to be the same."


def _paired(evidence: Evidence, best: pd.Series, gap: Mean, row: "pd.Series | None") -> str:
    found, metric = evidence.found, evidence.found.objective
    seeds = plural(gap.n, "pair")
    if row is not None and pd.notna(row["improvement"]) and gap.n > 1:
        seeds = f"better in {row['improvement'] * row['n']:g} of {seeds}"
    text = f"Paired by seed, the difference to {evidence.reference_name} is {difference(metric, gap.mean)} "
    several = found.tests > 1 and pd.notna(gap.low)
    over = f", simultaneous over the {found.tests} comparisons" if several else ""
    text += f"({interval(metric, gap)}{over}; {seeds})."
    if found.is_significant and not gap.excludes_zero:
        text += " Holm's correction, step by step, is sharper than this interval."
    p = best[f"{metric}_p_holm"]
    return text if pd.isna(p) else f"{text} Paired t test, Holm-corrected for {plural(found.tests, 'test')}: {_p(p)}."


def _p(p: float) -> str:
    return probability(float(p))


def _verdict(evidence: Evidence, best: pd.Series, gap: Mean) -> str:
    found, other = evidence.found, evidence.reference_name
    if found.is_significant:
        way = "better" if (gap.mean > 0) == is_maximised(found.objective) else "worse"
        return f"The data tell them apart: {best['name']} is {way} than {other}, corrected or not."
    if gap.n < 2:
        why = "one seed shows no spread between seeds"
    elif pd.isna(gap.low):
        why = "the seeds show no spread to judge by"
    elif found.alone is not None and found.alone.excludes_zero:
        why = "the interval of this comparison alone excludes zero, but not after correcting for "
        why += plural(found.tests, "test")
    else:
        why = "the interval of the difference holds zero"
    return f"The data cannot tell {best['name']} from {other}: {why}."


def same(evidence: Evidence, row: pd.Series) -> Iterator[str]:
    """No difference is what an equivalence test shows, not what a failed test leaves."""
    metric, p = evidence.found.objective, row["p_equivalence"]
    if pd.isna(p):
        return
    margin = amount(metric, row["margin"])
    if p < ALPHA:
        yield (
            f"No difference that matters: it is shown to be less than {margin} either way (equivalence by two "
            f"one-sided t tests, {_p(p)})."
        )
    elif not evidence.found.is_significant:
        yield (
            f"Nor are they shown to be the same: that would take a difference surely below {margin} (equivalence by "
            f"two one-sided t tests, {_p(p)})."
        )


def few_seeds(evidence: Evidence, row: pd.Series) -> Iterator[str]:
    """What so many seeds could show at all, and how many it would take."""
    n, tests = int(row["n"]), evidence.found.tests
    if n > 1 and row["p_flip_least"] > ALPHA:
        yield (
            f"The t test takes the differences between seeds as normal. Of {plural(n, 'seed')} and "
            f"{plural(tests, 'comparison')} neither the paired sign-flip test nor Wilcoxon's signed-rank test, "
            f"corrected by Holm, could reach significance, whatever they show; that takes {row['p_flip_seeds']:.0f} "
            "seeds."
        )
    needed = row["seeds_needed"]
    if evidence.found.is_significant or not np.isfinite(needed):
        return
    more = f"{needed:.0f} seeds, {needed - n:.0f} more" if needed > n else f"{needed:.0f} seeds, as many as there are"
    yield (
        f"If the true difference and its spread are what they look like, seeing it with power {POWER:g} among "
        f"{plural(tests, 'comparison')} takes about {more}."
    )
