"""The one figure of the first screen: differences from no dropout against rate, where the decision is made."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from dropout_lab.report.draw import style
from dropout_lab.report.draw.dots import dots
from dropout_lab.report.draw.layout import shorten
from dropout_lab.report.draw.scales import Scale
from dropout_lab.report.draw.style import BASELINE, Look, Looks
from dropout_lab.report.frames.by_seed import by_seed
from dropout_lab.report.frames.column import OBJECTIVE, Columns, real, truth
from dropout_lab.report.spelling import difference, in_unit, is_fraction, is_maximised, plural, setting, title, unit
from dropout_lab.report.statistics import simultaneous
from dropout_lab.report.topics.alts import sentence
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.lines import LINES
from dropout_lab.report.topics.part import Picture, Plan
from dropout_lab.report.topics.placed import placed

LISTED = 12
"""Configurations that are drawn one by one where there is no rate axis."""

ROOM = 0.8
"""The axis shows this share of the decisive span beyond it, on the side of the worse configurations."""

REACH = 1.5
"""Intervals are shown to this many spans of the means, and go on beyond the axis."""

BROAD, NARROW = 5.6, 3.9
"""Inches of the figure for a screen and for a phone."""

MOVED, APART = 0.018, 0.36
"""Lines are moved apart by the first share of the rate axis, and all together by the second of the step in rate."""

MANY = 25
"""The intervals of lines with more points than this are faint."""

INK = "#222222"

NAMED = 34
"""Letters of a name in the legend."""

LETTERS = 8.4
"""Letters of a configuration's name, per inch of the figure."""


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
    """The ends of the axis: the means of the confidence set, no dropout, and some room towards the worse ones.

    Intervals are shown as far as `REACH` times the span of the means drawn: those of two seeds would leave no room.
    """
    kept = found[found["in_set"]]
    means = found["mean"].to_numpy(dtype=float)
    best, worst = float(min(0.0, means.min())), float(max(0.0, means.max()))
    ends = np.concatenate([kept[name].to_numpy(dtype=float) for name in ("low", "high")])
    inner = np.concatenate([kept["mean"].to_numpy(dtype=float), np.zeros(1)])
    spread = float(np.ptp(inner))
    own = spread or float(np.median(np.abs(means[means != 0]))) if (means != 0).any() else 1.0
    ends = ends[np.isfinite(ends)].clip(inner.min() - REACH * own, inner.max() + REACH * own)
    low, high = float(min(inner.min(), *ends, np.inf)), float(max(inner.max(), *ends, -np.inf))
    span = max(high - low, own)
    worse, better = (ROOM if spread else 1.5) * span, 0.08 * span
    if maximised:
        return max(low - worse, min(low, best) - 0.12 * span), high + better
    return low - better, min(high + worse, max(high, worst) + 0.12 * span)


def draw(
    found: pd.DataFrame, objective: str, looks: Looks, classification: bool, other: str, width: float, *, joined: bool
) -> Figure:
    """A line per placement (or variant): filled marks may be the best, the ringed one has the best mean."""
    figure, (ax,) = style.grid(1, 1, height=3.0 if width == NARROW else 4.3, width=width)
    factor = in_unit(objective, 1)
    worst = _scale(found, objective)
    names = list(dict.fromkeys(found.loc[~found["baseline"].astype(bool), "line"]))
    span = float(np.ptp(found["rate"])) or 1.0
    ax.axhline(0, color=BASELINE, linewidth=1, linestyle=style.DASHES)
    gaps = np.diff(np.unique(found["rate"].to_numpy(dtype=float)))
    step = min(MOVED * span, APART * float(gaps.min()) / len(names)) if joined and len(gaps) else 0.0
    shifts = {name: step * (place - (len(names) - 1) / 2) for place, name in enumerate(names)}
    for name in names:
        _line(ax, found[found["line"] == name], factor, _look(looks, name), shifts[name], joined, worst)
    for none in found[found["baseline"].astype(bool)].drop_duplicates("trial").to_dict("records"):
        face, at = BASELINE if none["in_set"] else "white", np.array([factor * none["mean"]])
        ax.plot([none["rate"]], at, "o", color=BASELINE, mfc=face, ms=5, zorder=4)
        worst.mark(ax, np.array([none["rate"]]), at, BASELINE)
    for best in found[found["best"]].head(1).to_dict("records"):
        at = best["rate"] + (0.0 if best["baseline"] else shifts[best["line"]])
        ax.plot([at], [factor * best["mean"]], "o", mfc="none", mec=INK, ms=12, mew=1.3, zorder=5)
    worst.set([ax])
    least, most = float(found["rate"].min()), float(found["rate"].max())
    ax.set_xlim(least - 0.04 * span, most + 0.04 * span)
    ax.set_xlabel("dropout rate")
    ax.set_ylabel(_label(objective, classification))
    style.legend_of(figure, [*_lines(names, looks, joined), *([] if width == NARROW else [_zero(other)])])
    style.legend_of(figure, _marks(found, objective))
    return figure


def _scale(found: pd.DataFrame, objective: str) -> Scale:
    """The axis of differences, in the unit that is shown."""
    low, high = (in_unit(objective, end) for end in limits(found, maximised=is_maximised(objective)))
    return Scale(is_maximised(objective), edge=low if is_maximised(objective) else high, limits=(low, high))


def _line(ax: Axes, line: pd.DataFrame, factor: float, look: Look, shift: float, joined: bool, scale: Scale) -> None:
    dropped = line[~line["baseline"].astype(bool)]
    x = dropped["rate"].to_numpy(dtype=float) + shift
    low, mean, high = (factor * dropped[name].to_numpy(dtype=float) for name in ("low", "mean", "high"))
    filled = dropped["in_set"].to_numpy(dtype=bool)
    if joined:
        every = line.sort_values("rate")
        along = every["rate"].to_numpy(dtype=float) + np.where(every["baseline"].astype(bool), 0.0, shift)
        ax.plot(along, factor * every["mean"], color=look.color, linewidth=1.2)
    inside = ~scale.beyond(mean)
    faint = len(x) > MANY
    ax.vlines(
        x[inside],
        low[inside],
        high[inside],
        color=look.color,
        alpha=0.3 if faint else 0.5,
        linewidth=0.7 + 0.4 * (not faint),
    )
    for kind, face in ((filled & inside, look.color), (~filled & inside, "white")):
        ax.plot(x[kind], mean[kind], look.marker, color=look.color, mfc=face, ms=5)
    scale.mark(ax, x, mean, look.color)


def _look(looks: Looks, name: object) -> Look:
    return looks.get(str(name), style.OTHER)


def _lines(names: Sequence[str], looks: Looks, joined: bool) -> list[Line2D]:
    return [
        Line2D([], [], color=_look(looks, name).color, marker=_look(looks, name).marker, ms=5,
               linestyle="-" if joined else "", label=shorten(str(name), NAMED))
        for name in names
    ]  # fmt: skip


def _zero(other: str) -> Line2D:
    return Line2D([], [], color=BASELINE, linewidth=1, linestyle=style.DASHES, label=shorten(other, NAMED))


def _lowest(objective: str) -> str:
    return "highest" if is_maximised(objective) else "lowest"


def _marks(found: pd.DataFrame, objective: str) -> list[Line2D]:
    """What filled, hollow and ringed marks mean, without those that are not drawn."""
    dot: Any = {"color": INK, "marker": "o", "linestyle": "", "ms": 5}
    marks = [Line2D([], [], color=INK, marker="o", linestyle="", mfc="none", ms=10, label=f"{_lowest(objective)} mean")]
    if found["in_set"].any() and found["low"].notna().any():
        marks.append(Line2D([], [], **dot, label="may be the best"))
    if not found["in_set"].all():
        marks.append(Line2D([], [], **dot, mfc="white", label="worse than the best"))
    return marks


def draw_list(
    found: pd.DataFrame, objective: str, looks: Looks, classification: bool, other: str, width: float
) -> Figure:
    """A dot per configuration, best on top, for settings without a rate axis."""
    figure, (ax,) = style.grid(1, 1, height=0.9 + 0.22 * len(found), width=width)
    factor = in_unit(objective, 1)
    ax.axvline(0, color=BASELINE, linewidth=1, linestyle=style.DASHES)
    low, mean, high = (factor * found[name].to_numpy(dtype=float) for name in ("low", "mean", "high"))
    filled = found["in_set"].to_numpy(dtype=bool)
    letters = int(LETTERS * width)
    dots(
        ax, found, looks, (low, mean, high), filled, _scale(found, objective),
        lambda x: difference(objective, x / factor), letters,
    )  # fmt: skip
    best = np.flatnonzero(found["best"].to_numpy(dtype=bool))
    ax.plot(mean[best], best, "o", mfc="none", mec=INK, ms=11, mew=1.3, zorder=5)
    ax.set_xlabel(_label(objective, classification))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    style.legend_of(figure, [_zero(other)])
    style.legend_of(figure, _marks(found, objective))
    return figure


def _label(objective: str, classification: bool) -> str:
    name = "pp" if is_fraction(objective) else unit(objective, classification)
    return f"difference{f' ({name})' if name else ''}, {'higher' if is_maximised(objective) else 'lower'} is better"


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
            f"{_lowest(metric)} mean: {best['name']}, {difference(metric, float(best['mean']))}",
            *_said(drawn, metric, is_curve),
        ]
    )
    heading = f"{title(metric).capitalize()}: difference from {other}" + (" against rate" if is_curve else "")
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
