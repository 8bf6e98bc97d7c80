"""Epochs to the target against rate."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dropout_lab.report import style
from dropout_lab.report.figures.rates import HAIR, panels, span
from dropout_lab.report.style import Look, Looks


def times_to_target(arrivals: pd.DataFrame, looks: Looks, joined: bool) -> Figure:
    """Epochs to target against rate: runs as dots, censored runs as open triangles, medians joined by lines."""
    names_of_panels = panels(arrivals)
    columns = style.columns_for(len(names_of_panels))
    figure, axes = style.grid(len(names_of_panels), columns, height=3.2 if columns == 1 else 2.4)
    rates = np.sort(arrivals["rate"].unique())
    step = float(np.diff(rates).min()) if joined and len(rates) > 1 else 0.0
    for index, (panel, ax) in enumerate(zip(names_of_panels, axes, strict=True)):
        shown = arrivals[arrivals["panel"] == panel]
        names = list(dict.fromkeys(shown["line"]))
        for place, name in enumerate(names):
            if name != panel:
                how = "-" if joined else ""
                ax.plot(
                    [], [], linestyle=how, color=looks[name].color, marker=looks[name].marker, markersize=4, label=name
                )
            offset = 0.62 * step * ((place + 0.5) / len(names) - 0.5)
            _times_line(ax, shown[shown["line"] == name], looks[name], offset, joined=joined)
        style.heading(ax, panel)
        ax.set_xlabel("dropout rate")
        ax.set_xlim(*span(rates, 0.31 * step * (len(names) > 1)))
        ax.yaxis.set_major_locator(style.epoch_ticks())
        ax.set_ylim(0, 1.07 * float(arrivals["epochs"].max()))
        if index % columns == 0:
            ax.set_ylabel("epochs to target")
    axes[0].scatter([], [], s=30, facecolors="none", edgecolors="#222222", marker="^", label="censored (not reached)")
    style.legend(figure, axes)
    return figure


def _times_line(ax: Axes, line: pd.DataFrame, look: Look, offset: float, *, joined: bool) -> None:
    x = line["rate"].to_numpy(dtype=float) + offset
    y = line["epochs"].to_numpy(dtype=float)
    reached = line["reached"].to_numpy(dtype=bool)
    size = 9.0 * line["runs"].to_numpy(dtype=float)  # area counts runs that fall on one point
    how: Any = {"rasterized": len(line) > style.DENSE}
    ax.scatter(
        x[reached], y[reached], s=size[reached], color=look.color, marker=look.marker, alpha=0.3, linewidth=0, **how
    )
    late = ~reached
    ax.scatter(
        x[late], y[late], s=14 + size[late], facecolors="none", edgecolors=look.color, marker="^", linewidth=HAIR, **how
    )
    medians = line.drop_duplicates("rate")
    median = medians["epochs_to_target"].replace(np.inf, np.nan).to_numpy(dtype=float)
    where = medians["rate"].to_numpy(dtype=float) + offset
    ax.plot(where, median, linestyle="-" if joined else "", color=look.color, marker=look.marker, markersize=4, **how)
