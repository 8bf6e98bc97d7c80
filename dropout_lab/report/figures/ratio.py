"""Epochs relative to no dropout, as a function of the target."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report import style
from dropout_lab.report.scales import plain_log
from dropout_lab.report.style import BASELINE, Looks


def ratio_to_baseline(ratios: pd.DataFrame, looks: Looks) -> Figure:
    """Left: ratio of restricted mean epochs with its interval. Right: the share of runs that reached the target."""
    figure, (left, right) = style.grid(2, 2, height=2.8)
    progress = list(ratios["progress"].unique())
    strokes = style.strokes(ratios, looks)
    for place, (trial, line) in enumerate(ratios.groupby("trial", sort=False)):
        first, look = line.iloc[0], strokes[trial]
        x = np.array([progress.index(value) for value in line["progress"]], dtype=float)
        low, high = (line[f"restricted_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
        left.fill_between(x, low, high, color=look.color, alpha=0.13, linewidth=0)
        how: Any = {"color": look.color, "marker": look.marker, "markersize": 4, "linestyle": look.dash}
        name = style.shorten(str(first["name"]), 48)
        left.plot(x, line["restricted_ratio"], label=name, **how)
        right.plot(x, 100 * line["reached"], **how)
        if place == 0:
            right.plot(x, 100 * line["baseline_reached"], color=BASELINE, linestyle=style.DASHES, label="no dropout")
    left.axhline(1, color=BASELINE, linewidth=1, linestyle=style.DASHES)
    left.set_yscale("log")
    bottom, top = left.get_ylim()
    left.set_ylim(min(bottom, 0.8), max(top, 1.25))
    plain_log(left.yaxis)
    left.set_ylabel("epochs relative to no dropout")
    right.set_ylabel("runs that reach it (%)")
    right.set_ylim(-3, 103)
    for ax in (left, right):
        ax.set_xticks(range(len(progress)), [f"{100 * value:g}" for value in progress])
        ax.set_xlabel("target (% of the baseline's improvement)")
    style.legend(figure, [left, right])
    return figure
