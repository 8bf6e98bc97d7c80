"""The certainty of the best rate."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dropout_lab.report import style
from dropout_lab.report.style import BASELINE, Looks

EVERY = "all placements"


def best_rates(table: pd.DataFrame, looks: Looks) -> Figure:
    """A panel per placement: the share of resamples in which a rate is the best; the flat region is shaded."""
    names = list(table["placement"].unique())
    columns = style.columns_for(len(names))
    figure, axes = style.grid(len(names), columns, height=2.3, share=True)
    for place, (name, ax) in enumerate(zip(names, axes, strict=True)):
        part = table[table["placement"] == name].sort_values("rate")
        rates = part["rate"].to_numpy(dtype=float)
        color = looks[name].color if name in looks else "#222222"
        edges = _edges(rates)
        for low, high, flat in zip(edges[:-1], edges[1:], part["flat"], strict=True):
            if flat:
                ax.axvspan(low, high, color=BASELINE, alpha=0.15, linewidth=0)
        width = 0.55 * float(np.diff(rates).min()) if len(rates) > 1 else 0.05
        ax.bar(rates, 100 * part["share"], width=max(width, 0.012 * float(np.ptp(table["rate"]))), color=color)
        inside = rates[part["inside"].to_numpy(dtype=bool)]
        if len(inside):
            ax.plot([inside[0], inside[-1]], [103, 103], "|-", color="#222222", linewidth=1, ms=5, clip_on=False)
        style.heading(ax, name or EVERY)
        if place + columns >= len(names):
            ax.set_xlabel("dropout rate (0: no dropout)" if columns < 3 else "dropout rate")
        ax.tick_params(labelbottom=place + columns >= len(names))
        if place % columns == 0:
            ax.set_ylabel("best in resamples (%)")
    axes[0].set_ylim(0, 108)
    handles = [
        Line2D([], [], color="#222222", marker="|", linewidth=1, ms=5, label="95 % interval of the best rate"),
        Patch(color=BASELINE, alpha=0.15, linewidth=0, label="indistinguishable from the best"),
    ]
    style.legend_of(figure, handles)
    return figure


def _edges(
    rates: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]",
) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    """Points half-way between neighbours, and as far beyond the ends."""
    if len(rates) == 1:
        return np.array([rates[0] - 0.05, rates[0] + 0.05])
    middle = (rates[1:] + rates[:-1]) / 2
    return np.concatenate([[2 * rates[0] - middle[0]], middle, [2 * rates[-1] - middle[-1]]])
