"""The drawing of the first screen's figure: lines over rates, or a list of configurations."""

from collections.abc import Sequence
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
from dropout_lab.report.spelling import difference, in_unit, is_fraction, is_maximised, unit

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


def best_word(objective: str) -> str:
    return "highest" if is_maximised(objective) else "lowest"


def _marks(found: pd.DataFrame, objective: str) -> list[Line2D]:
    """What filled, hollow and ringed marks mean, without those that are not drawn."""
    dot: Any = {"color": INK, "marker": "o", "linestyle": "", "ms": 5}
    marks = [
        Line2D([], [], color=INK, marker="o", linestyle="", mfc="none", ms=10, label=f"{best_word(objective)} mean")
    ]
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
