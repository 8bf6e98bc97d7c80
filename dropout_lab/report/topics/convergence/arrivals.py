"""Epochs to the target against rate, run by run."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dropout_lab.report.draw import style
from dropout_lab.report.draw.style import Look, Looks
from dropout_lab.report.frames.column import Columns, truth, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.topics.alts import extreme, sentence
from dropout_lab.report.topics.convergence.times import run_times
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.lines import LINES
from dropout_lab.report.topics.part import Picture, Plan
from dropout_lab.report.topics.rates.against_rate import HAIR, panels, span


def arrivals(frames: Frames, rates: pd.DataFrame) -> pd.DataFrame:
    """The number of `runs` of each point that reached the target or were censored, by epoch; and their median."""
    points = rates[["panel", "line", "placement", "rate", "trial", "epochs_to_target", "target"]]
    joined = points.merge(run_times(frames)[["trial", "epochs", "reached"]], on="trial")
    keys = ["panel", "line", "placement", "rate", "trial", "target", "epochs_to_target", "epochs", "reached"]
    return joined.groupby(keys, sort=False, dropna=False).size().rename("runs").reset_index()


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


def _plan(evidence: Evidence) -> Plan | str | None:
    if evidence.part is None:
        return None  # the figure of the rates says why
    found = arrivals(evidence.frames, evidence.part.rates)
    if found.empty:
        return "Epochs to target are not drawn: no configuration with dropout has a baseline to set the target."
    return Plan(
        "Epochs to reach the baseline's level against rate",
        "The target is the median over the baseline's seeds of their best validation loss. Pale marks: runs that "
        "reached it; a larger mark is more runs. Open triangles: runs that did not while they trained (censored). "
        f"Lines join the Kaplan-Meier medians and break where half of the runs never do. {evidence.part.note}".strip(),
        sentence([extreme(evidence.part.rates, "epochs_to_target")]),
        found,
        partial(times_to_target, found, evidence.line_looks, evidence.part.joined),
    )


COLUMNS: Columns = {
    **LINES,
    "epochs": whole("when these runs reached the target, or ended without", unit="epochs"),
    "reached": truth("whether they reached it"),
    "runs": whole("how many of the configuration's runs", unit="runs"),
}

ARRIVALS = Picture("epochs_to_target", _plan, COLUMNS)
