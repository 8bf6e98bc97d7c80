"""Differences to no dropout, one below the other."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dropout_lab.report import style
from dropout_lab.report.figures.dots import dots
from dropout_lab.report.names import axis, difference, in_unit, is_fraction, is_maximised
from dropout_lab.report.scales import Scale
from dropout_lab.report.scales import scale as scale_of
from dropout_lab.report.statistics import ALPHA
from dropout_lab.report.style import BASELINE, Looks


def forest(
    differences: pd.DataFrame, objective: str, looks: Looks, classification: bool, other: str = "no dropout"
) -> Figure:
    """Mean difference and its interval per configuration; filled if significant after Holm; the margin is shaded."""
    figure, (ax,) = style.grid(1, 1, height=1.1 + 0.19 * len(differences))
    scale = in_unit(objective, 1)
    # Margins differ with the baseline of each row, so each row has its own strip.
    rows = np.arange(len(differences))
    margin = scale * differences["margin"].to_numpy(dtype=float)
    ax.fill_betweenx(
        np.ravel([rows - 0.5, rows + 0.5], "F"), np.repeat(-margin, 2), np.repeat(margin, 2),
        color=BASELINE, alpha=0.15, linewidth=0,
    )  # fmt: skip
    ax.axvline(0, color=BASELINE, linewidth=1, linestyle=style.DASHES)
    low, mean, high = (scale * differences[name].to_numpy(dtype=float) for name in ("low", "mean", "high"))
    significant = differences["p_holm"].to_numpy(dtype=float) < ALPHA
    shown_on = difference_scale(differences, objective)
    dots(ax, differences, looks, (low, mean, high), significant, shown_on, lambda x: difference(objective, x / scale))
    name = axis(objective, classification)
    name = name.replace("(%)", "(pp)") if is_fraction(objective) else name
    ax.set_xlabel(f"difference in {name} to {other}; {'right' if is_maximised(objective) else 'left'} is better")
    dot: Any = {"color": "#222222", "marker": "o", "linewidth": 1.2, "markersize": 5}
    handles = [
        Line2D([], [], **dot, label=f"significant (Holm, {ALPHA:g})"),
        Line2D([], [], **dot, markerfacecolor="white", label="not significant"),
        Patch(color=BASELINE, alpha=0.15, linewidth=0, label="too small to matter"),
    ]
    style.legend_of(figure, handles)
    return figure


def difference_scale(differences: pd.DataFrame, objective: str) -> Scale:
    """The scale of the differences, which shows 0."""
    ends = in_unit(objective, 1) * differences[["low", "high"]].to_numpy(dtype=float)
    means = in_unit(objective, 1) * differences["mean"].to_numpy(dtype=float)
    return scale_of(means, maximised=is_maximised(objective), logs=False, ends=ends, keep=0.0)
