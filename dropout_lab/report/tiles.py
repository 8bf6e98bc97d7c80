"""The answer at a glance: a label, a number, and a line about it."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from dropout_lab.report.evidence import Evidence
from dropout_lab.report.names import (
    configuration,
    difference,
    duration,
    number,
    probability,
    setting,
    title,
    value,
)
from dropout_lab.report.prose.which import headline
from dropout_lab.report.statistics import ALPHA


class Tile(NamedTuple):
    label: str
    number: str
    about: str


def tiles(evidence: Evidence) -> Iterator[Tile]:
    best, found = evidence.found.best, evidence.found
    if best is None:
        return
    mean = f"{title(found.objective)} {value(found.objective, best[found.objective])}"
    whole, short = headline(best), configuration(best, [], [])
    rest = whole[len(short) :].strip(", ") if whole.lower().startswith(short.lower()) else ""
    about = f"{rest}; " if rest else ""
    place = whole[: len(short)] if rest else whole
    yield Tile("Best by validation", place, f"{about}trial {best['trial']} of {len(evidence.table)}; {mean}")
    yield from _difference(evidence, best)
    yield from _test(evidence, best)
    yield from _epochs(evidence, best)
    if found.whole > 1 and evidence.frames.seeds > 1:
        count = f"{len(evidence.indistinguishable)} of {found.whole - 1}"
        yield Tile("Indistinguishable from it", count, _rates(evidence))


def _difference(evidence: Evidence, best: pd.Series) -> Iterator[Tile]:
    found, row = evidence.found, evidence.comparison
    if found.difference is None or row is None:
        return
    metric, p = found.objective, best[f"{found.objective}_p_holm"]
    verdict = "significant" if found.is_significant else "not significant"
    if row["p_equivalence"] < ALPHA:
        verdict = "equivalent"
    holm = "" if pd.isna(p) else f", {probability(p)} (Holm)"
    bounds = _bounds(metric, found.difference.low, found.difference.high)
    if bounds and found.tests > 1:
        bounds += f" (simultaneous over {found.tests})"
    about = f"{title(metric)}{bounds}{holm}: {verdict}"
    yield Tile(f"Against {evidence.reference_name}", difference(metric, found.difference.mean), about)


def _bounds(metric: str, low: float, high: float) -> str:
    return "" if pd.isna(low) else f", 95 % interval {difference(metric, low)} to {difference(metric, high)}"


def _test(evidence: Evidence, best: pd.Series) -> Iterator[Tile]:
    metric = "test_accuracy" if evidence.frames.is_classification else "test_loss"
    if pd.isna(best[metric]):
        return
    about = title(metric)
    if pd.notna(best[f"{metric}_diff"]):
        low, high = (best[f"{metric}_diff_{end}"] for end in ("low", "high"))
        about += f"; {difference(metric, best[f'{metric}_diff'])} against {evidence.reference_name}"
        about += _bounds(metric, low, high)
    yield Tile("On unseen data", value(metric, best[metric]), about)


def _epochs(evidence: Evidence, best: pd.Series) -> Iterator[Tile]:
    """Epochs and time of the best configuration and of its baseline, to their own best."""
    row = evidence.row("time_ratio", best, progress=1.0)
    own = evidence.row("convergence", best, definition="own_best")
    none = evidence.row("convergence", evidence.found.baseline, definition="own_best")
    if row is None or own is None or none is None or pd.isna(row["restricted_ratio"]):
        return
    (ours, our_time), (theirs, their_time) = _taken(own), _taken(none)
    known = own["n_reached"] or none["n_reached"]
    about = "all runs ended before their own best was known"
    if known:
        about = f"to their own best; {our_time} against {their_time} without dropout"
    if known and (own["n_reached"] < own["n"] or none["n_reached"] < none["n"]):
        about += f", reached by {own['n_reached']} of {own['n']} and {none['n_reached']} of {none['n']} runs"
    if own["n_improving"] or none["n_improving"]:
        about += f"; runs still improving at the end: {own['n_improving']} and {none['n_improving']}"
    yield Tile("Cost", f"{ours} against {theirs} epochs" if known else "not known", about)


def _taken(own: pd.Series) -> tuple[str, str]:
    """Epochs to the own best and the time that they take; unknown if no run reached it."""
    if not own["n_reached"]:
        return "?", "unknown"
    return number(own["restricted"], 3), duration(own["restricted_seconds"])


def _rates(evidence: Evidence) -> str:
    rates = evidence.rates
    text = "configurations: any of them may be the best"
    if len(rates) < 3:
        return text
    inside = rates.loc[rates["inside"], "rate"]
    low, high = setting(float(inside.min())), setting(float(inside.max()))
    if low == high:
        return f"{text}; best rate {low} in nearly all resamples"
    return f"{text}; 95 % interval of the best rate {low} to {high}"
