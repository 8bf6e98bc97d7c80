"""Shares as bars: importances, and the variation that settings explain."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from dropout_lab.report import style
from dropout_lab.report.names import title
from dropout_lab.report.statistics import ALPHA

MAIN, PAIR = "#0072B2", "#56B4E9"


def importances(importance: pd.DataFrame) -> Figure:
    """A panel per objective: a bar per setting, the most important of the first objective on top."""
    metrics = list(importance["metric"].unique())
    order = list(importance["parameter"].unique())
    figure, axes = style.grid(len(metrics), len(metrics), height=0.7 + 0.24 * len(order))
    for place, (metric, ax) in enumerate(zip(metrics, axes, strict=True)):
        values = importance[importance["metric"] == metric].set_index("parameter")["importance"].reindex(order)
        ax.barh(range(len(order)), 100 * values, height=0.62, color=MAIN)
        _names(ax, order, shown=place == 0)
        ax.set_xlabel("importance (%)")
        style.heading(ax, title(str(metric)))
    return figure


def explained(shares: pd.DataFrame) -> Figure:
    """A panel per metric: a bar per setting or pair, its share of the differences between configurations."""
    metrics = list(shares["metric"].unique())
    order = list(shares["term"].unique())
    figure, axes = style.grid(len(metrics), len(metrics), height=0.8 + 0.24 * len(order))
    for place, (metric, ax) in enumerate(zip(metrics, axes, strict=True)):
        part = shares[shares["metric"] == metric].set_index("term").reindex(order)
        width = 100 * part["share"].to_numpy(dtype=float)
        colors = [MAIN if order == 1 else PAIR for order in part["order"]]
        ax.barh(range(len(order)), width, height=0.62, color=colors)
        for row, (end, p) in enumerate(zip(width, part["p_holm"], strict=True)):
            if p < ALPHA:
                ax.text(end, row, " *", va="center", fontsize=9)
        ax.set_xlim(0, 1.06 * max(1.0, float(np.nanmax(width))))
        _names(ax, order, shown=place == 0)
        ax.set_xlabel("share of the differences (%)")
        style.heading(ax, title(str(metric)))
    kinds = [Patch(color=MAIN, label="a setting by itself"), Patch(color=PAIR, label="two settings together")]
    style.legend_of(figure, kinds)
    return figure


def _names(ax: Axes, names: list[str], *, shown: bool) -> None:
    ax.set_yticks(range(len(names)), [style.shorten(name, 40) for name in names] if shown else [])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
