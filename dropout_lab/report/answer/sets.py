"""What may be as good as the chosen configuration, and what to avoid, in words that group configurations."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from dropout_lab.report.answer.decision import Decision
from dropout_lab.report.spelling import and_list, is_maximised, plural, setting, title
from dropout_lab.report.statistics import ALPHA
from dropout_lab.report.topics.evidence import Evidence

GROUPS = 3
"""Groups of configurations that are named; the tables have all."""


def confidence_set(evidence: Evidence) -> frozenset[int]:
    """The trials that may be the best, the best included: a 95 % confidence set."""
    best = evidence.choice.best
    return frozenset() if best is None else frozenset([*evidence.indistinguishable["trial"], best["trial"]])


def avoided(evidence: Evidence, decision: Decision) -> frozenset[int]:
    """The trials that are significantly worse than the reference (Holm), and not in the confidence set."""
    rivals = decision.rivals
    if rivals is None or rivals.empty or evidence.frames.seeds == 1:
        return frozenset()
    worse = (rivals["mean"] < 0) == is_maximised(evidence.objective)
    return frozenset(rivals.loc[worse & (rivals["p_holm"] < ALPHA), "trial"]) - confidence_set(evidence)


def plausible(evidence: Evidence) -> str:
    """A sentence about the confidence set; empty where there is none."""
    choice = evidence.choice
    if choice.best is None or choice.whole < 2 or evidence.frames.seeds == 1:
        return ""
    trials = confidence_set(evidence)
    if len(trials) == 1:
        return "No other configuration: all others are significantly worse."
    return (
        f"{len(trials)} of {plural(choice.whole, 'configuration')} may be the best (95 % confidence set): "
        f"{_grouped(evidence, trials)}."
    )


def avoid(evidence: Evidence, decision: Decision) -> str:
    """A sentence about the configurations that harm; empty where nothing can be compared."""
    if decision.rivals is None or evidence.frames.seeds == 1:
        return ""
    trials = avoided(evidence, decision)
    if not trials:
        return f"No configuration has a significantly worse {title(evidence.objective)} than {evidence.reference_name}."
    return f"{_grouped(evidence, trials)}: significantly worse than {evidence.reference_name}."


def _grouped(evidence: Evidence, trials: frozenset[int]) -> str:
    """`everywhere at 0.1 to 0.3; hidden from 0.5 on; no dropout; and 4 more`: rates of one placement together."""
    table = evidence.table[evidence.table["whole"]]
    parts = list(_parts(table, trials))
    if len(parts) > GROUPS:
        text = _box(table, trials)
        if text:
            return text
    more = sum(count for _, count in parts[GROUPS:])
    named = "; ".join(text for text, _ in parts[:GROUPS])
    return f"{named}; and {more} more" if more else named


def _box(table: pd.DataFrame, trials: frozenset[int]) -> str:
    """`rates 0.1 to 0.3 at all 3 placements, or no dropout`; of what holds only some of these, it says so.

    Empty where the configurations are not of several placements with a rate each.
    """
    mine = table[table["trial"].isin(trials)]
    others = mine["baseline"] | mine["placement"].isna() | mine["rate"].isna()
    if (others & ~mine["baseline"]).any() or mine.loc[~others, "placement"].nunique() < 2:
        return ""
    none = ", or no dropout" if others.any() else ""
    has_rate = table[~table["baseline"] & table["placement"].notna() & table["rate"].notna()]
    inside = has_rate[has_rate["trial"].isin(trials)]
    placements = inside["placement"].nunique()
    low, high = float(inside["rate"].min()), float(inside["rate"].max())
    within = has_rate[has_rate["placement"].isin(inside["placement"]) & has_rate["rate"].between(low, high)]
    span = f"rate {setting(low)}" if low == high else f"rates {setting(low)} to {setting(high)}"
    every = "all " if placements == has_rate["placement"].nunique() else ""
    where = f"{span} at {every}{placements} placements"
    if within["trial"].isin(trials).all():
        return f"{where}{none}"
    return f"{len(inside)} of the {len(within)} with {where}{none}"


def _parts(table: pd.DataFrame, trials: frozenset[int]) -> Iterator[tuple[str, int]]:
    """Each group in words and its number of configurations, the best first."""
    has_rate = ~table["baseline"] & table["placement"].notna() & table["rate"].notna()
    table = table.assign(group=[_group(row) for row in table.to_dict("records")])
    mine = table[table["trial"].isin(trials)]
    seen: set[str] = set()
    for _, row in mine.iterrows():
        if row["baseline"] or pd.isna(row["placement"]) or pd.isna(row["rate"]):
            yield str(row["name"]), 1
            continue
        group = str(row["group"])
        if group in seen:
            continue
        seen.add(group)
        rows = table[has_rate & (table["group"] == group)]
        tried = sorted(rows["rate"].unique())
        chosen = sorted(rows.loc[rows["trial"].isin(trials), "rate"].unique())
        rest = str(row["name"]).removeprefix(f"{row['placement']} at {setting(float(row['rate']))}")
        yield f"{row['placement']} {_rates(chosen, tried)}{rest}", int(rows["trial"].isin(trials).sum())


def _group(row: Mapping[Any, Any]) -> str:
    """The configuration's name without its rate."""
    return str(row["name"]).replace(f" at {setting(float(row['rate']))}", "", 1) if pd.notna(row["rate"]) else ""


def _rates(chosen: Sequence[float], tried: Sequence[float]) -> str:
    """`at 0.2`, `at 0.1 to 0.4`, `from 0.5 on`, `at 0.1 and 0.5`: runs of neighbours in what was tried."""
    if len(chosen) > 1 and list(chosen) == list(tried[-len(chosen) :]) and len(chosen) < len(tried):
        return f"from {setting(float(chosen[0]))} on"
    return f"at {spans(chosen, tried)}"


def spans(chosen: Sequence[float], tried: Sequence[float]) -> str:
    """`0.1 to 0.4 and 0.7`: runs of neighbours in what was tried."""
    runs: list[list[float]] = []
    for rate in chosen:
        place = list(tried).index(rate)
        if runs and runs[-1][-1] == tried[place - 1] and place:
            runs[-1].append(rate)
        else:
            runs.append([rate])
    words = [
        setting(float(run[0])) if len(run) == 1 else f"{setting(float(run[0]))} to {setting(float(run[-1]))}"
        for run in runs
    ]
    return and_list(words)
