"""How sure the choice is: what else may be as good, and between which rates the best lies."""

from collections.abc import Iterator, Sequence

import pandas as pd

from dropout_lab.report.evidence import Evidence
from dropout_lab.report.names import amount, and_list, difference, plural, setting, title, value
from dropout_lab.report.prose.spelling import interval

NAMED = 3
"""Configurations that are named; the tables have all."""

TRUSTED = 10
"""With fewer seeds, resamples repeat each other, and the interval of the best rate is rough."""

_TESTS = "equivalence tests, Holm-corrected"


def sure(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    yield from _others(evidence)
    yield from best_rate(evidence)
    yield from _elsewhere(evidence)
    frames, table = evidence.frames, evidence.table
    if frames.seeds == 1:
        yield "One seed: no interval is possible, and every difference may be due to the seed."
    if len(frames.objectives) > 1:
        count = int(table["front"].sum())
        yield (
            f"There are {len(frames.objectives)} objectives, {and_list([title(name) for name in frames.objectives])}. "
            f"The first defines the best. {plural(count, 'configuration')} {_are(count)} on the Pareto front: no other "
            f"is as good in {'both' if len(frames.objectives) == 2 else 'all'} and better in one."
        )


def _others(evidence: Evidence) -> Iterator[str]:
    found, frames = evidence.found, evidence.frames
    others = found.whole - 1
    if not others or frames.seeds == 1:
        return
    names = list(evidence.indistinguishable["name"])
    how = "one-sided paired t tests, Bonferroni-corrected to account for the choice of the best"
    if not names:
        every = "The other configuration is" if others == 1 else f"All {others} other configurations are"
        yield f"{every} significantly worse than the best ({how})."
        return
    yield (
        f"{len(names)} of {plural(others, 'other configuration')} {_are(len(names))} statistically indistinguishable "
        f"from the best ({how}): {_named(names)}."
    )
    yield (
        f"Together with the best, {'it forms' if len(names) == 1 else 'they form'} a 95 % confidence set for the best "
        "configuration."
    )
    equivalent, beside = evidence.equivalent, evidence.tables["to_best"]
    margin = amount(found.objective, float(beside["margin"].iloc[0]))
    if len(equivalent):
        yield f"Shown to be equivalent to the best within {margin}: {_named(list(equivalent['name']))} ({_TESTS})."
    else:
        yield f"Equivalence with the best within {margin} could not be shown for any other configuration ({_TESTS})."


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{'; '.join(names[:NAMED])}{more}"


def best_rate(evidence: Evidence) -> Iterator[str]:
    """The interval of the best rate, and the flat region around it."""
    rates = evidence.rates
    if len(rates) < 3 or evidence.frames.seeds < 2:
        return
    best = setting(float(rates.loc[rates["best"], "rate"].iloc[0]))
    inside = [setting(float(rate)) for rate in rates.loc[rates["inside"], "rate"]]
    flat = [setting(float(rate)) for rate in rates.loc[rates["flat"], "rate"]]
    rough = ""
    if evidence.frames.seeds < TRUSTED:
        rough = f"; from {plural(evidence.frames.seeds, 'seed')} it is rough"
    known = f", 95 % interval {inside[0]} to {inside[-1]}" if len(inside) > 1 else " in nearly all resamples"
    yield f"The best rate is {best}{known} (bootstrap over the sweep's seeds{rough})."
    if len(flat) > 1:
        region = f"Rates {and_list(flat)}"
        if _is_run(rates):
            region = f"Rates from {flat[0]} to {flat[-1]}"
        elif len(flat) > NAMED:
            region = f"{len(flat)} rates from {flat[0]} to {flat[-1]}"
        several = evidence.tables["best_rates"]["placement"].nunique() > 2  # one of them stands for all
        yield f"{region}{', each at its best placement,' if several else ''} cannot be ruled out as best."


def _is_run(rates: pd.DataFrame) -> bool:
    """Whether the flat rates are neighbours in the grid."""
    flat = rates["flat"].to_numpy()
    return bool(flat[flat.argmax() : len(flat) - flat[::-1].argmax()].all())


def _elsewhere(evidence: Evidence) -> Iterator[str]:
    found = evidence.found
    other, mean = found.other_baseline, found.other_difference
    if other is not None and mean is not None and found.best is not None and not found.best["baseline"]:
        yield (
            f"The best baseline of another context, {other['name']} (trial {other['trial']}), has "
            f"{title(found.objective)} {value(found.objective, other[found.objective])}."
        )
        yield (
            f"The best differs from it by {difference(found.objective, mean.mean)} "
            f"({interval(found.objective, mean)}); other settings than dropout differ too."
        )
