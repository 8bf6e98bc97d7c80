"""Rules of the next action: which rates, or values of other settings, are missing."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dropout_lab.report.answer.case import Action, Case
from dropout_lab.report.answer.decision import Verdict
from dropout_lab.report.answer.rerun import as_grid, extended, rerun
from dropout_lab.report.spelling import setting

MOST_RATES = 20
"""More rates than this come from a sampler and are not repeated in a command."""

FIRST_RATES = (0.0, 0.1, 0.3, 0.5)
"""Advised where nothing was trained with dropout."""

LOW = 0.1
"""Advised where dropout hurts and every rate tried was at least twice as high."""

HIGHEST = 0.9
"""Rates above this are never advised."""


def dropout(case: Case) -> Action | None:
    """Some rates, where the sweep has no configuration with dropout."""
    frames = case.evidence.frames
    if case.decision.verdict is not Verdict.ALONE or not frames.trials["baseline"].all():
        return None
    return Action("dropout", "Train with dropout, too.", case.again(rate=as_grid(FIRST_RATES)))


def no_dropout(case: Case) -> Action:
    """Rate 0 beside the rates of the last command."""
    frames, best = case.evidence.frames, case.evidence.choice.best
    rates = frames.axes.get("rate")
    asked = [float(value) for value in rates] if isinstance(rates, list) and _are_numbers(rates) else []
    tried = asked or sorted(frames.trials["rate"].dropna().astype(float).unique())
    if len(tried) > MOST_RATES:
        tried = [float(best["rate"])] if best is not None and pd.notna(best["rate"]) else []
    why = "Train without dropout, too: only the comparison shows whether dropout helps."
    return Action("no dropout", why, case.again(rate=as_grid(sorted({0.0, *tried}))))


def lower_rate(case: Case) -> Action | None:
    """A lower rate, where dropout hurts at every rate and none was low."""
    table = case.evidence.table
    rates = table.loc[~table["baseline"], "rate"].astype(float)
    tried = sorted(rates.unique()) if rates.notna().all() else []
    if case.decision.verdict is not Verdict.REFERENCE or not tried or min(tried) < 2 * LOW or len(tried) > MOST_RATES:
        return None
    why = f"No rate below {setting(min(tried))} was tried, and a lower one may still help."
    return Action("lower rate", why, case.again(rate=as_grid(sorted({0.0, LOW, *tried}))))


def widen(case: Case) -> Action | None:
    best = case.evidence.choice.best
    if case.decision.verdict is not Verdict.BETTER or best is None:
        return None
    edges = case.evidence.tables["edges"]
    of_rate = (edges["setting"] == "rate") | edges["setting"].str.startswith("rates.")
    values = edges.groupby("setting")["setting"].transform("size")
    of_data = edges["setting"].str.startswith("dataset.")
    mine = edges[(edges["edge"] != "") & (edges["trial"] == best["trial"]) & ((values > 2) | of_rate) & ~of_data]
    for row in mine.to_dict("records"):
        change = _wider(case, row)
        if change is not None:
            key, grid = change
            where = "lowest" if row["edge"] == "lower" else "highest"
            return Action("widen", f"The best {key}, {setting(row['value'])}, is the {where} that was tried.",
                          rerun(case.command, {key: grid}))  # fmt: skip
    return None


def _wider(case: Case, row: dict[object, object]) -> tuple[str, str] | None:
    key, side = str(row["setting"]), str(row["edge"])
    is_rate = key == "rate" or key.startswith("rates.")
    least, most = (0.0, HIGHEST) if is_rate else (-np.inf, np.inf)
    axis = case.evidence.frames.axes.get(key)
    if isinstance(axis, dict) and "low" in axis and "high" in axis:
        low, high = float(axis["low"]), float(axis["high"])
        if side == "upper":
            high = min(most, high * high / low if axis.get("log") else 2 * high - low)
        else:
            low = low * low / high if axis.get("log") else max(least, low - (high - low))
        if [low, high] == [float(axis["low"]), float(axis["high"])]:
            return None
        span = f"interval({setting(low)},{setting(high)})"
        return key, f"tag(log,{span})" if axis.get("log") else span
    known = [float(value) for value in axis] if isinstance(axis, list) and _are_numbers(axis) else []
    tried = sorted(case.evidence.table[key].dropna().astype(float).unique()) if key in case.evidence.table else []
    values = known or tried
    none = [0.0] if is_rate and 0.0 in values else []  # no dropout is no rate to go beyond
    grid = extended([value for value in values if value or not none], side, least if is_rate else -np.inf, most)
    return None if grid is None else (key, as_grid([*none, *grid]))


def _are_numbers(values: Sequence[object]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
