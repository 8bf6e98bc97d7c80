"""The time that configurations took."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dropout_lab.report.draw import style
from dropout_lab.report.draw.scales import Scale, scale
from dropout_lab.report.draw.style import Looks
from dropout_lab.report.frames.column import Columns, real, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import axis, in_unit, is_maximised, number, title
from dropout_lab.report.topics.alts import sentence
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Picture, Plan
from dropout_lab.report.topics.placed import placed


def cost(frames: Frames, table: pd.DataFrame, objective: str) -> pd.DataFrame:
    """A row per configuration with a mean of the objective: the time of all its runs, failed and pruned ones included.

    `epochs`, `seconds`: sums over its runs. A run's seconds are its share of its cohort's: the time of each epoch is
    divided by the number of lanes in training. `seconds_per_epoch`: of one run. `lanes`: mean cohort width of its runs.
    """
    runs = frames.runs[frames.runs["seconds"].notna() & (frames.runs["epochs"] > 0)]
    runs = runs.assign(width=pd.to_numeric(runs["width"]))
    sums = runs.groupby("trial").agg(
        runs=("seed", "size"), epochs=("epochs", "sum"), seconds=("seconds", "sum"), lanes=("width", "mean")
    )
    sums["seconds_per_epoch"] = sums["seconds"] / sums["epochs"]
    part = placed(table[["trial", "name", objective]], table).merge(sums.reset_index(), on="trial")
    return part[np.isfinite(part[objective].astype(float))].reset_index(drop=True)


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


def _plan(evidence: Evidence) -> Plan | str | None:
    if evidence.objective == "seconds":
        return None  # that is the cost
    table = cost(evidence.frames, evidence.table, evidence.objective)
    if len(table) < 2 or table["seconds_per_epoch"].nunique() < 2:
        return "Times are not drawn: all configurations took equally long, or none has a time."
    several = table["lanes"].nunique() > 1
    total, lanes = table["seconds"].sum(), table["lanes"]
    return Plan(
        f"Training time and {title(evidence.objective)}",
        f"A mark per configuration{'. Left' * several}: the time of all its runs, including those that failed or were "
        f"pruned.{' Right: the time of one epoch of a run.' * several} Runs train as lanes of a cohort; the time of a "
        f"run is its share of the cohort's time. {cost_scale(table, evidence.objective).note}".strip(),
        sentence(
            [
                f"{number(float(total), 3)} s in all, from {number(float(table['seconds'].min()), 3)} to "
                f"{number(float(table['seconds'].max()), 3)} s per configuration",
                f"{number(float(1000 * table['seconds_per_epoch'].median()), 3)} ms per epoch of a run (median), with "
                f"{f'{lanes.min():.0f} to {lanes.max():.0f}' if several else f'{lanes.min():.0f}'} lanes",
            ]
        ),
        table,
        partial(seconds, table, evidence.objective, evidence.looks, evidence.is_class),
    )


COLUMNS: Columns = {
    "runs": whole("of the configuration, failed and pruned ones included", unit="runs"),
    "epochs": whole("sum over its runs", unit="epochs"),
    "seconds": real("sum over its runs of their share of the cohort's time", unit="s"),
    "lanes": real("mean width of the cohorts of its runs", unit="lanes"),
    "seconds_per_epoch": real("of one run", unit="s per epoch"),
}

COST = Picture("cost", _plan, COLUMNS)
