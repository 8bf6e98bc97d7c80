"""How sure the choice is: what else may be as good, and between which rates the best lies."""

from collections.abc import Iterator, Sequence

import pandas as pd

from dropout_lab.report.evidence import Evidence
from dropout_lab.report.names import amount, and_list, difference, plural, setting, title, value
from dropout_lab.report.prose.spelling import interval

NAMED = 3
"""So many settings are named; the tables have all."""

TRUSTED = 10
"""With fewer seeds resamples repeat each other, and the interval of the best rate is rough."""


def sure(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    yield from _others(evidence)
    yield from best_rate(evidence)
    yield from _elsewhere(evidence)
    frames, table = evidence.frames, evidence.table
    if frames.seeds == 1:
        yield "One seed: no interval is possible, and every difference may be the luck of the seed."
    if len(frames.objectives) > 1:
        yield (
            f"There are {len(frames.objectives)} objectives, {and_list([title(name) for name in frames.objectives])}. "
            f"The first names the best. {plural(int(table['front'].sum()), 'configuration')} on the front: no other is "
            f"as good in {'both' if len(frames.objectives) == 2 else 'all'} and better in one."
        )


def _others(evidence: Evidence) -> Iterator[str]:
    found, frames = evidence.found, evidence.frames
    others = found.whole - 1
    if not others or frames.seeds == 1:
        return
    start, untold = f"Of {plural(others, 'other configuration')}", list(evidence.indistinguishable["name"])
    how = "paired t tests, one-sided, corrected by Bonferroni, so that the choice of the best is accounted for"
    if not untold:
        yield f"{start}, all can be told from the best ({how})."
        return
    yield (
        f"{start}, {len(untold)} cannot be told from the best ({how}): {_named(untold)}. With these it is a set "
        "that holds the truly best one with 95 % at least."
    )
    same, beside = evidence.equivalent, evidence.tables["to_best"]
    margin = amount(found.objective, float(beside["margin"].iloc[0]))
    who = f"Shown to be as good: {_named(list(same['name']))}" if len(same) else "No other is shown to be as good"
    yield f"{who} (surely less than {margin} apart, by equivalence tests, Holm-corrected)."


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{'; '.join(names[:NAMED])}{more}"


def best_rate(evidence: Evidence) -> Iterator[str]:
    """The interval of the best rate and the flat region around it."""
    rates = evidence.rates
    if len(rates) < 3 or evidence.frames.seeds < 2:
        return
    best = setting(float(rates.loc[rates["best"], "rate"].iloc[0]))
    inside = [setting(float(rate)) for rate in rates.loc[rates["inside"], "rate"]]
    flat = [setting(float(rate)) for rate in rates.loc[rates["flat"], "rate"]]
    text = f"The best rate is {best}"
    text += f", 95 % interval {inside[0]} to {inside[-1]}" if len(inside) > 1 else ", in nearly all resamples"
    few = ""
    if evidence.frames.seeds < TRUSTED:
        few = f"; from {plural(evidence.frames.seeds, 'seed')} it is rough"
    text += f" (the sweep's seeds resampled{few})."
    if len(flat) > 1:
        region = f"{flat[0]} to {flat[-1]}" if _is_run(rates) else and_list(flat)
        if len(flat) > NAMED and not _is_run(rates):
            region = f"{len(flat)} rates from {flat[0]} to {flat[-1]}"
        text += f" Around it the sweep is flat: at {region} a configuration may be the best."
    yield text


def _is_run(rates: pd.DataFrame) -> bool:
    """Whether the flat rates are neighbours."""
    flat = rates["flat"].to_numpy()
    return bool(flat[flat.argmax() : len(flat) - flat[::-1].argmax()].all())


def _elsewhere(evidence: Evidence) -> Iterator[str]:
    found = evidence.found
    other, mean = found.other_baseline, found.other_difference
    if other is not None and mean is not None and found.best is not None and not found.best["baseline"]:
        yield (
            f"The best baseline of another context, {other['name']} (trial {other['trial']}), has "
            f"{value(found.objective, other[found.objective])}. The best minus it is "
            f"{difference(found.objective, mean.mean)} ({interval(found.objective, mean)}); more than dropout differs."
        )
