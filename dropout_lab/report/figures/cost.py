"""What was paid for what."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report import style
from dropout_lab.report.names import axis, in_unit
from dropout_lab.report.style import Looks


def seconds(cost: pd.DataFrame, objective: str, looks: Looks, classification: bool) -> Figure:
    """Left: the objective against the training time of all runs. Right: time per epoch of a run against lanes."""
    figure, (left, right) = style.grid(2, 2, height=2.9)
    long = bool(cost["seconds"].max() > 600)
    for _, own in cost.groupby(cost["placement"].where(~cost["baseline"], "no dropout"), sort=False, dropna=False):
        first = own.iloc[0]
        look = style.look(looks, first)
        name = "no dropout" if first["baseline"] else str(first["placement"])
        label = name if first["baseline"] or name in looks else None
        mark = "X" if first["baseline"] else look.marker
        how: Any = {"color": look.color, "ms": 5, "alpha": 0.75, "mew": 0, "rasterized": len(cost) > style.DENSE}
        left.plot(
            own["seconds"] / (60 if long else 1), in_unit(objective, 1) * own[objective], mark, label=label, **how
        )
        right.plot(own["lanes"], own["seconds_per_epoch"] * 1000, mark, **how)
    left.set_xlabel(f"training time of all runs ({'min' if long else 's'})")
    left.set_ylabel(axis(objective, classification))
    right.set_xlabel("lanes of its cohorts (mean)")
    right.set_ylabel("time per epoch of a run (ms)")
    right.set_ylim(0, 1.1 * 1000 * float(cost["seconds_per_epoch"].max()))
    style.legend(figure, [left, right])
    return figure
