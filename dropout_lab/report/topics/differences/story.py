"""The one figure of the first screen: differences to no dropout against rate, where the decision is made."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dropout_lab.report.draw import style
from dropout_lab.report.draw.dots import dots
from dropout_lab.report.draw.scales import Scale
from dropout_lab.report.draw.style import BASELINE, Look, Looks
from dropout_lab.report.frames.by_seed import by_seed
from dropout_lab.report.frames.column import OBJECTIVE, Columns, real, truth
from dropout_lab.report.spelling import axis, difference, in_unit, is_fraction, is_maximised, title
from dropout_lab.report.statistics import simultaneous
from dropout_lab.report.topics.alts import sentence
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.lines import LINES
from dropout_lab.report.topics.part import Picture, Plan
from dropout_lab.report.topics.placed import placed

LISTED = 12
"""Configurations that are drawn one by one where there is no rate axis."""

ROOM = 0.5
"""The axis shows this share of the decisive span beyond it, on the side of the worse configurations."""

NARROW = 3.9
"""Inches of the figure for a phone."""

MOVED = 0.006
"""Lines are moved apart by this, as a share of the rate axis, so that their intervals do not cover each other."""


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


def limits(found: pd.DataFrame, *, maximised: bool) -> tuple[float, float]:
    """The ends of the axis: all of the confidence set, no dropout, and some room towards the worse ones."""
    kept = found[found["in_set"]]
    ends = np.concatenate([kept[name].to_numpy(dtype=float) for name in ("mean", "low", "high")] + [np.zeros(1)])
    ends = ends[np.isfinite(ends)]
    low, high = float(ends.min()), float(ends.max())
    span = (high - low) or float(found["mean"].abs().max()) or 1.0
    worse, better = (1 + ROOM) * span, 0.08 * span
    means = found["mean"].to_numpy(dtype=float)
    if maximised:
        return max(low - worse, min(low, float(means.min())) - 0.12 * span), high + better
    return low - better, min(high + worse, max(high, float(means.max())) + 0.12 * span)


def draw(
    found: pd.DataFrame, objective: str, looks: Looks, classification: bool, other: str, width: float, *, joined: bool
) -> Figure:
    """A line per placement (or variant): filled marks may be the best, the ringed one is chosen."""
    figure, (ax,) = style.grid(1, 1, height=3.0, width=width)
    unit = in_unit(objective, 1)
    edges = limits(found, maximised=is_maximised(objective))
    low, high = unit * edges[0], unit * edges[1]
    worst = Scale(is_maximised(objective), edge=low if is_maximised(objective) else high, limits=(low, high))
    names = list(dict.fromkeys(found["line"]))
    span = float(np.ptp(found["rate"])) or 1.0
    ax.axhline(0, color=BASELINE, linewidth=1, linestyle=style.DASHES)
    for place, name in enumerate(names):
        shift = MOVED * span * (place - (len(names) - 1) / 2) if joined and len(names) <= 8 else 0.0
        _line(ax, found[found["line"] == name], unit, looks.get(str(name), style.OTHER), shift, joined, worst)
    best = found[found["best"]].head(1)
    if len(best):
        place = names.index(best["line"].iloc[0])
        shift = MOVED * span * (place - (len(names) - 1) / 2) if joined and len(names) <= 8 else 0.0
        at = float(best["rate"].iloc[0]) + (0.0 if best["baseline"].iloc[0] else shift)
        ax.plot([at], unit * best["mean"], "o", mfc="none", mec="#222222", ms=12, mew=1.3, zorder=5)
    worst.set([ax])
    least, most = float(found["rate"].min()), float(found["rate"].max())
    ax.set_xlim(least - 0.04 * span, most + 0.04 * span)
    ax.set_xlabel("dropout rate")
    ax.set_ylabel(_label(objective, classification, other))
    style.legend_of(figure, _handles(names, looks, joined))
    return figure


def _line(ax: Axes, line: pd.DataFrame, unit: float, look: Look, shift: float, joined: bool, scale: Scale) -> None:
    dropped = line[~line["baseline"].astype(bool)]
    x = dropped["rate"].to_numpy(dtype=float) + shift
    low, mean, high = (unit * dropped[name].to_numpy(dtype=float) for name in ("low", "mean", "high"))
    filled = dropped["in_set"].to_numpy(dtype=bool)
    if joined:
        every = line.sort_values("rate")
        along = every["rate"].to_numpy(dtype=float) + np.where(every["baseline"].astype(bool), 0.0, shift)
        ax.plot(along, unit * every["mean"], color=look.color, linewidth=1.2)
    inside = ~scale.beyond(mean)
    ax.vlines(x[inside], low[inside], high[inside], color=look.color, alpha=0.45, linewidth=1.1)
    for kind, face in ((filled & inside, look.color), (~filled & inside, "white")):
        ax.plot(x[kind], mean[kind], look.marker, color=look.color, mfc=face, ms=5)
    scale.mark(ax, x, mean, look.color)


def _handles(names: list[Any], looks: Looks, joined: bool) -> list[Line2D]:
    handles = [
        Line2D([], [], color=(one := looks.get(str(name), style.OTHER)).color, marker=one.marker, ms=5,
               linestyle="-" if joined else "", label=str(name))
        for name in names
    ]  # fmt: skip
    dot: Any = {"color": "#222222", "marker": "o", "linestyle": "", "ms": 5}
    return [
        *handles,
        Line2D([], [], **dot, label="may be the best"),
        Line2D([], [], **dot, mfc="white", label="significantly worse than the best"),
        Line2D([], [], color="#222222", marker="o", linestyle="", mfc="none", ms=10, label="chosen"),
    ]


def draw_list(
    found: pd.DataFrame, objective: str, looks: Looks, classification: bool, other: str, width: float
) -> Figure:
    """A dot per configuration, best on top, for settings without a rate axis."""
    figure, (ax,) = style.grid(1, 1, height=0.9 + 0.22 * len(found), width=width)
    unit = in_unit(objective, 1)
    edges = limits(found, maximised=is_maximised(objective))
    low, high = unit * edges[0], unit * edges[1]
    shown_on = Scale(is_maximised(objective), edge=low if is_maximised(objective) else high, limits=(low, high))
    ax.axvline(0, color=BASELINE, linewidth=1, linestyle=style.DASHES)
    values = tuple(unit * found[name].to_numpy(dtype=float) for name in ("low", "mean", "high"))
    filled = found["in_set"].to_numpy(dtype=bool)
    dots(
        ax, found, looks, (values[0], values[1], values[2]), filled, shown_on, lambda x: difference(objective, x / unit)
    )
    best = np.flatnonzero(found["best"].to_numpy(dtype=bool))
    ax.plot(values[1][best], best, "o", mfc="none", mec="#222222", ms=11, mew=1.3, zorder=5)
    ax.set_xlabel(_label(objective, classification, other))
    style.legend_of(figure, _handles([], looks, joined=False))
    return figure


def _label(objective: str, classification: bool, other: str) -> str:
    name = axis(objective, classification)
    name = name.replace("(%)", "(pp)") if is_fraction(objective) else name
    better = "higher" if is_maximised(objective) else "lower"
    return f"{name} minus {other}; {better} is better"


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
        intervals = f"Bars: 95 % intervals that hold for all {choice.tests} comparisons at once."
    beyond = " Triangles at the edge: worse than the axis shows."
    more = len(found) - drawn["trial"].nunique()
    left = f" {more} other configurations are under All configurations." if more > 0 else ""
    best = drawn[drawn["best"]].iloc[0]
    shown = drawn.drop_duplicates("trial")
    alt = sentence(
        [
            f"chosen: {best['name']}, {difference(metric, float(best['mean']))}",
            f"may be the best: {int(shown['in_set'].sum())} of {len(shown)} configurations drawn",
            f"better than {other} on average: {int(((shown['mean'] > 0) == is_maximised(metric)).sum())}",
        ]
    )
    heading = f"{title(metric).capitalize()}: difference to {other}" + (" against rate" if is_curve else "")
    looks = evidence.line_looks if is_curve else evidence.looks
    make = partial(draw, joined=evidence.part.joined) if is_curve and evidence.part is not None else draw_list
    caption = f"Paired by seed. {intervals}{beyond if _has_beyond(drawn, metric) else ''}{left}"
    drawing, narrow = (
        partial(make, drawn, metric, looks, evidence.is_class, other, width) for width in (style.WIDTH, NARROW)
    )
    return Plan(heading, caption, alt, drawn, drawing, narrow)


def _has_beyond(drawn: pd.DataFrame, metric: str) -> bool:
    low, high = limits(drawn, maximised=is_maximised(metric))
    return bool((drawn["mean"] < low).any() or (drawn["mean"] > high).any())


COLUMNS: Columns = {
    **LINES,
    "mean": real("mean objective minus that of the reference, paired by seed", unit=OBJECTIVE),
    "low": real("its 95 % interval, which holds for all comparisons at once, lower bound", unit=OBJECTIVE),
    "high": real("its upper bound", unit=OBJECTIVE),
    "in_set": truth("whether it may be the best: the 95 % confidence set"),
    "best": truth("whether it is the chosen one"),
}

STORY = Picture("answer", _plan, COLUMNS)
