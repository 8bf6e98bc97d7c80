"""The objective against training time."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dropout_lab.report import style
from dropout_lab.report.names import axis, in_unit, is_maximised
from dropout_lab.report.scales import Scale, scale
from dropout_lab.report.style import Looks


def seconds(cost: pd.DataFrame, objective: str, looks: Looks, classification: bool) -> Figure:
    """Left: the objective against the training time of all runs. Right: time per epoch of a run against lanes.

    The right panel is left out if all cohorts have the same width.
    """
    lanes = cost["lanes"].nunique() > 1
    figure, axes = style.grid(1 + lanes, 1 + lanes, height=2.9)
    left = axes[0]
    shown_on = cost_scale(cost, objective)
    long = bool(cost["seconds"].max() > 600)
    for _, own in cost.groupby(cost["placement"].where(~cost["baseline"], "no dropout"), sort=False, dropna=False):
        first = own.iloc[0]
        look = style.look(looks, first)
        name = "no dropout" if first["baseline"] else str(first["placement"])
        label = name if first["baseline"] or name in looks else None
        mark = "X" if first["baseline"] else look.marker
        how: Any = {"color": look.color, "ms": 5, "alpha": 0.75, "mew": 0, "rasterized": len(cost) > style.DENSE}
        x = own["seconds"].to_numpy(dtype=float) / (60 if long else 1)
        y = in_unit(objective, 1) * own[objective].to_numpy(dtype=float)
        left.plot(x, y, mark, label=label, **how)
        shown_on.mark(left, x, y, look.color)
        if lanes:
            axes[1].plot(own["lanes"], own["seconds_per_epoch"] * 1000, mark, **how)
    shown_on.set([left])
    left.set_xlabel(f"training time of all runs ({'min' if long else 's'})")
    left.set_ylabel(axis(objective, classification))
    if lanes:
        _of_lanes(axes[1], 1000 * float(cost["seconds_per_epoch"].max()))
    style.legend(figure, axes)
    return figure


def _of_lanes(ax: Axes, longest: float) -> None:
    ax.set_xlabel("lanes of its cohorts (mean)")
    ax.set_ylabel("time per epoch of a run (ms)")
    ax.set_ylim(0, 1.1 * longest)


def cost_scale(cost: pd.DataFrame, objective: str) -> Scale:
    """The scale of the objective."""
    values = in_unit(objective, 1) * cost[objective].to_numpy(dtype=float)
    none = in_unit(objective, 1) * float(cost.loc[cost["baseline"], objective].mean())
    return scale(values, maximised=is_maximised(objective), logs=objective.endswith("loss"), keep=none)
