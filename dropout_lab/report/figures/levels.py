"""Means over all configurations that share a level of one setting, or of two."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dropout_lab.report import style
from dropout_lab.report.names import axis, in_unit, is_fraction, title
from dropout_lab.report.style import BASELINE, Looks

LETTERS = 36
"""Letters of tick labels that fit side by side under a figure of one panel."""


DODGE = 0.5
"""The spread of the marks at one level, as a share of the distance between two levels."""


def main_effects(levels: pd.DataFrame, looks: Looks, classification: bool) -> Figure:
    """A panel per setting: the mean over the configurations of a level minus the mean of all."""
    factors = list(levels["factor"].unique())
    columns = style.columns_for(len(factors))
    metric = str(levels["metric"].iloc[0])
    figure, axes = style.grid(len(factors), columns, height=3.0)
    scale = in_unit(metric, 1)
    for place, (factor, ax) in enumerate(zip(factors, axes, strict=True)):
        part = levels[levels["factor"] == factor]
        x = np.arange(len(part), dtype=float)
        low, mean, high = (scale * part[name].to_numpy(dtype=float) for name in ("effect_low", "effect", "effect_high"))
        ax.axhline(0, color=BASELINE, linewidth=1, linestyle=style.DASHES)
        if factor == "placement":
            for at, level in enumerate(part["level"]):
                look = looks.get(str(level), style.OTHER)
                ax.vlines(x[at], low[at], high[at], color=look.color, linewidth=1.2)
                ax.plot(x[at], mean[at], look.marker, color=look.color, ms=5)
        else:
            ax.vlines(x, low, high, color=style.OTHER.color, linewidth=1.2)
            ax.plot(x, mean, "o-" if is_ordered(part["level"]) else "o", color=style.OTHER.color, ms=4, linewidth=0.8)
        level_ticks(ax, list(part["level"]), columns)
        ax.set_xlabel(style.shorten(title(str(factor)), 40))
        if place % columns == 0:
            name = axis(metric, classification)
            ax.set_ylabel(f"effect on {name.replace('(%)', '(pp)') if is_fraction(metric) else name}")
    style.share_y(axes)
    return figure


def crossed(interactions: pd.DataFrame, looks: Looks, classification: bool) -> Figure:
    """A panel per pair of settings: a line per level of one over the levels of the other.

    Levels that are not numbers have no order for a line to follow; their means stand side by side with intervals.
    """
    pairs = list(interactions["factor"].unique())
    columns = min(2, len(pairs))
    metric = str(interactions["metric"].iloc[0])
    figure, axes = style.grid(len(pairs), columns, height=3.0)
    scale = in_unit(metric, 1)
    for place, (pair, ax) in enumerate(zip(pairs, axes, strict=True)):
        part = interactions[interactions["factor"] == pair]
        first = part.iloc[0]
        ordered = is_ordered(part["along"])
        for index, (name, line) in enumerate(part.groupby("line", sort=False)):
            own = looks.get(str(name)) if first["line_factor"] == "placement" else None
            look = own or style.Look(style.OKABE_ITO[index % len(style.OKABE_ITO)], style.MARKERS[-1 - index])
            offset = 0.0 if ordered else DODGE * ((index + 0.5) / part["line"].nunique() - 0.5)
            x = line["place"].to_numpy(dtype=float) + offset
            low, mean, high = (scale * line[name].to_numpy(dtype=float) for name in ("low", "mean", "high"))
            if ordered:
                ax.fill_between(x, low, high, color=look.color, alpha=0.12, linewidth=0)
            else:
                ax.vlines(x, low, high, color=look.color, linewidth=1.2)
            label, join = style.shorten(str(name), 24), "-" if ordered else ""
            ax.plot(x, mean, linestyle=join, color=look.color, marker=look.marker, ms=4, label=label)
        alongs = part.drop_duplicates("place").sort_values("place")
        ax.set_xticks([])
        level_ticks(ax, list(alongs["along"]), columns)
        ax.set_xlabel(style.shorten(title(str(first["along_factor"])), 40))
        if place % columns == 0:
            ax.set_ylabel(axis(metric, classification))
        style.legend_above(ax, title(str(first["line_factor"])), columns)
    style.share_y(axes)
    return figure


def is_ordered(levels: "pd.Series[str]") -> bool:
    """Whether the levels are numbers, or classes of numbers."""
    return bool(pd.to_numeric(levels.str.split(" to ").str[0], errors="coerce").notna().all())


def level_ticks(ax: Axes, names: Sequence[str], columns: int) -> None:
    """Set tick labels, rotated and shortened if there is too little room."""
    room = LETTERS * 2 // columns / max(1, len(names))
    needed = max((len(a) + len(b)) / 2 + 1 for a, b in zip([*names, ""], ["", *names], strict=True))
    ax.set_xlim(-0.5, len(names) - 0.5)
    if needed <= room:
        ax.set_xticks(range(len(names)), list(names))
    else:
        ax.set_xticks(range(len(names)), [style.shorten(name, 22) for name in names], rotation=90)
    ax.grid(False, axis="x")
