"""The one figure of the first screen: differences from no dropout against rate, where the decision is made."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd

from dropout_lab.report.frames.by_seed import by_seed
from dropout_lab.report.frames.column import OBJECTIVE, Columns, real, truth
from dropout_lab.report.spelling import difference, is_maximised, opening, plural, setting, title
from dropout_lab.report.statistics import simultaneous
from dropout_lab.report.topics.alts import sentence
from dropout_lab.report.topics.differences.story_drawing import BROAD, NARROW, best_word, draw, draw_list, limits
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.lines import LINES
from dropout_lab.report.topics.part import Picture, Plan
from dropout_lab.report.topics.placed import placed

LISTED = 12
"""Configurations that are drawn one by one where there is no rate axis."""


def differences(evidence: Evidence) -> pd.DataFrame:
    """A row per whole configuration with a reference: difference, simultaneous interval, whether it may be the best.

    The intervals hold with 95 % for all configurations at once (`statistics.simultaneous`).
    """
    choice = evidence.choice
    table = evidence.table[evidence.table["whole"]]
    values = by_seed(evidence.frames, [evidence.objective])
    rows = values.rows(table["trial"])
    own = values.against(None)[rows] < 0  # the reference itself
    together = simultaneous(values.differences(evidence.objective))
    may_be = set(evidence.indistinguishable["trial"]) | ({choice.best["trial"]} if choice.best is not None else set())
    part = pd.DataFrame(
        {
            "trial": table["trial"].to_numpy(),
            "name": table["name"].to_numpy(),
            "mean": np.where(own, 0.0, together.mean[rows]),
            "low": together.low[rows],
            "high": together.high[rows],
            "in_set": table["trial"].isin(may_be).to_numpy(),
            "best": (table["trial"] == choice.best["trial"]).to_numpy() if choice.best is not None else False,
        }
    )
    return placed(part[np.isfinite(part["mean"])], evidence.table).reset_index(drop=True)


def over_rates(evidence: Evidence, found: pd.DataFrame) -> pd.DataFrame:
    """The rows of the winner's panel over the rates, with `line`, and no dropout as rate 0 of every line."""
    assert evidence.part is not None
    rates = evidence.part.rates
    choice = evidence.choice
    mine = rates.loc[rates["trial"] == (choice.best["trial"] if choice.best is not None else -1), "panel"]
    panel = mine.iloc[0] if len(mine) else rates["panel"].iloc[0]
    if evidence.part.crowded:
        lines = rates.assign(panel=panel)
        best = found[~found["baseline"].astype(bool)].drop_duplicates("placement").head(4)["placement"]
        lines = lines[lines["line"].isin(best)]
    else:
        lines = rates[rates["panel"] == panel]
    drawn = found[["trial", "name", "mean", "low", "high", "in_set", "best"]]
    return lines[["line", "rate", "baseline", "trial"]].merge(drawn, on="trial").reset_index(drop=True)


def _plan(evidence: Evidence) -> Plan | str:
    metric, choice = evidence.objective, evidence.choice
    if choice.best is None:
        return "No configuration has all its seeds complete, so there are no differences to draw."
    found = differences(evidence)
    if (found["trial"] != choice.best["trial"]).sum() == 0 or choice.reference is None:
        return "There are no differences to draw: no other configuration is complete."
    other = evidence.reference_name
    drawn = over_rates(evidence, found) if evidence.part is not None else pd.DataFrame()
    is_curve = bool(len(drawn)) and drawn["rate"].nunique() > 1 and bool(drawn["best"].any())
    if not is_curve:
        drawn = found.head(LISTED)
        if not drawn["baseline"].any():
            drawn = pd.concat([drawn, found[found["baseline"].astype(bool)].head(1)])
    intervals = "One seed gives no interval."
    if evidence.frames.seeds > 1:
        together = f" that hold for all {choice.tests} comparisons at once" if choice.tests > 1 else ""
        intervals = f"Bars: 95 % intervals{together}."
    more = len(found) - drawn["trial"].nunique()
    left = f" {more} other configurations are under All configurations." if more > 0 else ""
    best = drawn[drawn["best"]].iloc[0]
    alt = sentence(
        [
            f"{best_word(metric)} mean: {best['name']}, {difference(metric, float(best['mean']))}",
            *_said(drawn, metric, is_curve),
        ]
    )
    heading = f"{opening(title(metric))}: difference from {other}" + (" against rate" if is_curve else "")
    looks = evidence.line_looks if is_curve else evidence.looks
    make = partial(draw, joined=evidence.part.joined) if is_curve and evidence.part is not None else draw_list
    worse = " Hollow: significantly worse than the best." if not drawn["in_set"].all() else ""
    caption = f"{intervals}{worse}{_beyond(drawn, metric)}{left}"
    drawing, narrow = (
        partial(make, drawn, metric, looks, evidence.is_class, other, width) for width in (BROAD, NARROW)
    )
    return Plan(heading, caption, alt, drawn, drawing, narrow)


def _said(drawn: pd.DataFrame, metric: str, is_curve: bool) -> Iterator[str]:
    """The figure in numbers: the ends of each line; how many may be the best; no dropout."""
    dropped = drawn[~drawn["baseline"].astype(bool)]
    for name, line in dropped.groupby("line", sort=False) if is_curve else ():
        ordered = line.sort_values("mean", ascending=not is_maximised(metric))
        ends = [f"{difference(metric, float(row['mean']))} at {setting(float(row['rate']))}"
                for row in (ordered.iloc[0], ordered.iloc[-1])]  # fmt: skip
        yield f"{name}: {' to '.join(dict.fromkeys(ends))}"
    shown = drawn.drop_duplicates("trial")
    yield f"may be the best: {int(shown['in_set'].sum())} of {plural(len(shown), 'configuration')} drawn"


def _beyond(drawn: pd.DataFrame, metric: str) -> str:
    """Sentences about what the axis does not show."""
    low, high = limits(drawn, maximised=is_maximised(metric))
    inside = drawn["mean"].between(low, high)
    cut = (drawn.loc[inside, "low"] < low) | (drawn.loc[inside, "high"] > high)
    triangles = "" if inside.all() else " Triangles at the edge: worse than the axis shows."
    return f"{triangles} Bars at the edge go on beyond it." if cut.any() else triangles


COLUMNS: Columns = {
    **LINES,
    "mean": real("mean objective minus that of the reference, paired by seed", unit=OBJECTIVE),
    "low": real("its 95 % interval, which holds for all comparisons at once, lower bound", unit=OBJECTIVE),
    "high": real("its upper bound", unit=OBJECTIVE),
    "in_set": truth("whether it may be the best: the 95 % confidence set"),
    "best": truth("whether its mean is the best"),
}

STORY = Picture("answer", _plan, COLUMNS)
