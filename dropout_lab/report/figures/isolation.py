"""The best trial for each value of a setting, with the best no dropout for comparison."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report import style
from dropout_lab.report.figures.levels import level_ticks
from dropout_lab.report.names import axis, in_unit, is_maximised, setting, title
from dropout_lab.report.scales import Scale
from dropout_lab.report.scales import scale as scale_of
from dropout_lab.report.style import BASELINE, Looks


def isolated(isolation: pd.DataFrame, objective: str, looks: Looks, classification: bool) -> Figure:
    """A panel per setting: the best mean per value with its interval; dashes: the best baseline."""
    settings = list(isolation["setting"].unique())
    columns = style.columns_for(len(settings))
    figure, axes = style.grid(len(settings), columns, height=3.0)
    scale = in_unit(objective, 1)
    for place, (name, ax) in enumerate(zip(settings, axes, strict=True)):
        part = isolation[isolation["setting"] == name]
        x = np.arange(len(part), dtype=float)
        low, mean, high, none = (
            scale * part[column].to_numpy(dtype=float) for column in ("low", "mean", "high", "baseline_mean")
        )
        for at, row in enumerate(part.to_dict("records")):
            look = style.look(looks, row)
            ax.vlines(x[at], low[at], high[at], color=look.color, linewidth=1.2)
            label = str(row["placement"]) if str(row["placement"]) in looks else None
            ax.plot(x[at], mean[at], look.marker, color=look.color, ms=5, linestyle="", label=label)
        known = np.isfinite(none)
        ax.hlines(none[known], x[known] - 0.4, x[known] + 0.4, color=BASELINE, linewidth=1.4, label="no dropout")
        best = part["best"].to_numpy(dtype=bool)
        ax.plot(x[best], mean[best], "o", mfc="none", mec="#222222", ms=10, mew=1.0, linestyle="", label="best")
        level_ticks(ax, [_value(row) for row in part.to_dict("records")], columns)
        ax.set_xlabel(style.shorten(title(str(name)), 40))
        if place % columns == 0:
            ax.set_ylabel(axis(objective, classification))
    style.share_y(axes)
    isolation_scale(isolation, objective).set(axes)
    style.legend(figure, axes)
    return figure


def isolation_scale(isolation: pd.DataFrame, objective: str) -> Scale:
    """The scale of all panels, which shows all means and the ends of the intervals."""
    unit = in_unit(objective, 1)
    means, ends = (
        unit * isolation[columns].to_numpy(dtype=float) for columns in (["mean", "baseline_mean"], ["low", "high"])
    )
    logs = objective.endswith("loss")
    return scale_of(means.ravel(), maximised=is_maximised(objective), logs=logs, ends=ends).only_logarithmic


def _value(row: "dict[str, object]") -> str:
    low, high = float(str(row["from_value"])), float(str(row["to_value"]))
    return f"{low:.2g}–{high:.2g}" if np.isfinite(low) and low != high else setting(row["value"])
