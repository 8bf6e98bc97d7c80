"""Two metrics against each other, with their Pareto fronts."""

import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report import style
from dropout_lab.report.names import axis, in_unit, is_maximised
from dropout_lab.report.scales import Scale, scale
from dropout_lab.report.style import Looks


def fronts(points: pd.DataFrame, looks: Looks, classification: bool) -> Figure:
    """A panel per pair: a point per configuration, each front (for epochs: per context) ringed and joined."""
    pairs = list(points["pair"].unique())
    figure, axes = style.grid(len(pairs), len(pairs), height=3.0)
    for pair, ax in zip(pairs, axes, strict=True):
        first, second = str(pair).split(" and ")
        shown = points[points["pair"] == pair]
        x, y = in_unit(second, 1) * shown["second"], in_unit(first, 1) * shown["first"]
        shown_on = front_scale(shown, first)
        dense = len(shown) > style.DENSE
        for placement, own in shown[~shown["baseline"]].groupby("placement", sort=False, dropna=False):
            look = looks.get(str(placement), style.OTHER)
            label = str(placement) if str(placement) in looks else None
            ax.plot(
                x[own.index], y[own.index], look.marker, color=look.color, ms=4, alpha=0.7, label=label,
                rasterized=dense, mew=0,
            )  # fmt: skip
            shown_on.mark(ax, x[own.index].to_numpy(dtype=float), y[own.index].to_numpy(dtype=float), look.color)
        none = shown.index[shown["baseline"]]
        ax.plot(x[none], y[none], "X", color="#222222", ms=7, mec="white", mew=0.7, linestyle="", label="no dropout")
        best = shown[shown["front"]].sort_values("second").index
        for _, own in shown.loc[best].groupby("context", sort=False):
            ax.plot(x[own.index], y[own.index], color="#222222", linewidth=0.8, zorder=1)
        ax.plot(x[best], y[best], "o", mfc="none", mec="#222222", ms=8, mew=0.9, linestyle="", label="front")
        shown_on.set([ax])
        if second.startswith("epochs"):
            ax.xaxis.set_major_locator(style.epoch_ticks())
        ax.set_xlabel(f"{axis(second, classification)}; {'right' if is_maximised(second) else 'left'} is better")
        ax.set_ylabel(axis(first, classification))
    style.legend(figure, axes)
    return figure


def front_scale(points: pd.DataFrame, first: str) -> Scale:
    """The scale of the metric `first` of a pair."""
    values, none = (
        in_unit(first, 1) * part["first"].to_numpy(dtype=float) for part in (points, points[points["baseline"]])
    )
    keep = float(none.mean()) if len(none) else float("nan")
    return scale(values, maximised=is_maximised(first), logs=first.endswith("loss"), keep=keep)
