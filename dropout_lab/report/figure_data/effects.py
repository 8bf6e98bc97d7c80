"""The effects of settings: shares of the differences, means of levels, and means of pairs of levels."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

TERMS = 12
PANELS = 6
LINES = 7


def shares(effects: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """The terms with the largest share in the first of `metrics`, at most `TERMS`, for each of `metrics`."""
    part = effects[effects["metric"].isin(list(metrics)) & effects["share"].notna()]
    first = part[part["metric"] == metrics[0]].sort_values("share", ascending=False, kind="stable")
    terms = list(first["term"].head(TERMS))
    return part[part["term"].isin(terms)].sort_values(
        "term", key=lambda term: term.map({name: place for place, name in enumerate(terms)}), ignore_index=True
    )


def levels(effect_levels: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The levels of single settings, in the order of their values if these are numbers or classes of numbers.

    Levels whose mean cannot be estimated, because of holes in the grid, are left out.
    """
    part = effect_levels[(effect_levels["metric"] == metric) & ~effect_levels["factor"].str.contains(" x ")]
    part = part[part["mean"].notna()]
    factors = list(part["factor"].unique())[:PANELS]
    return (
        pd.concat([_ordered(part[part["factor"] == name]) for name in factors], ignore_index=True)
        if factors
        else (part.iloc[:0])
    )


def unknown(effect_levels: pd.DataFrame, metric: str) -> Sequence[str]:
    """The settings whose levels only ever varied together with another setting."""
    part = effect_levels[(effect_levels["metric"] == metric) & ~effect_levels["factor"].str.contains(" x ")]
    known = part.groupby("factor", sort=False)["mean"].count()
    return [str(name) for name in known.index[known < 2]]


def _ordered(part: pd.DataFrame) -> pd.DataFrame:
    begins = pd.to_numeric(part["level"].str.split(" to ").str[0], errors="coerce")
    return part if begins.isna().any() else part.loc[begins.sort_values(kind="stable").index]


def interactions(effect_levels: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Pairs of settings, a row per pair of levels: the `line` and the place `along` it.

    Placement x rate is left out, because the figures over rate show it, and so are pairs in which neither setting has
    few levels.
    """
    of_metric = effect_levels[effect_levels["metric"] == metric]
    singles = {
        str(name): list(_ordered(part)["level"])
        for name, part in of_metric[~of_metric["factor"].str.contains(" x ")].groupby("factor", sort=False)
    }
    found = []
    for pair in of_metric.loc[of_metric["factor"].str.contains(" x "), "factor"].unique():
        parts = [(a, b) for a in singles for b in singles if f"{a} x {b}" == pair]
        if not parts or set(parts[0]) == {"placement", "rate"}:
            continue
        a, b = parts[0]
        # The setting with fewer levels makes the lines.
        (line, along), flipped = ((b, a), True) if len(singles[b]) <= len(singles[a]) else ((a, b), False)
        if len(singles[line]) > LINES or len(singles[along]) < 2:
            continue
        places = {(f"{y} x {x}" if flipped else f"{x} x {y}"): (x, y) for x in singles[line] for y in singles[along]}
        part = of_metric[(of_metric["factor"] == pair) & of_metric["level"].isin(list(places))]
        part = part[part["mean"].notna()]
        if part.empty:
            continue
        lines, alongs = zip(*(places[level] for level in part["level"]), strict=True)
        part = part.assign(line_factor=line, along_factor=along, line=lines, along=alongs)
        part["place"] = [singles[along].index(value) for value in alongs]
        part["line_place"] = [singles[line].index(value) for value in lines]
        found.append(part.sort_values(["line_place", "place"], kind="stable"))
    part = pd.concat(found[:PANELS], ignore_index=True) if found else of_metric.iloc[:0]
    return part.replace({np.inf: np.nan})
