"""Configurations one below the other."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report import style
from dropout_lab.report.figures.dots import dots
from dropout_lab.report.names import axis, in_unit, is_maximised, value
from dropout_lab.report.scales import Scale
from dropout_lab.report.scales import scale as scale_of
from dropout_lab.report.style import BASELINE, Looks


def list_of_configurations(listed: pd.DataFrame, objective: str, looks: Looks, classification: bool) -> Figure:
    """A dot and its interval per configuration, best on top, hollow if seeds are missing; the baseline as a band."""
    figure, (ax,) = style.grid(1, 1, height=0.9 + 0.19 * len(listed))
    scale = in_unit(objective, 1)
    baseline = listed[listed["baseline"]].head(1)
    columns = (f"{objective}_low", objective, f"{objective}_high")
    for low, mean, high in scale * baseline[list(columns)].to_numpy(dtype=float):
        if np.isfinite([low, high]).all():
            ax.axvspan(low, high, color=BASELINE, alpha=0.13, linewidth=0)
        ax.axvline(mean, color=BASELINE, linewidth=1, linestyle=style.DASHES)
    shown_on = list_scale(listed, objective)
    low, mean, high = (scale * listed[name].to_numpy(dtype=float) for name in columns)
    whole = listed["whole"].to_numpy(dtype=bool)
    dots(ax, listed, looks, (low, mean, high), whole, shown_on, lambda x: value(objective, x / scale))
    ax.set_xlabel(axis(objective, classification))
    return figure


def list_scale(listed: pd.DataFrame, objective: str) -> Scale:
    """The scale of the objective, which shows the baseline."""
    means, ends = (
        in_unit(objective, 1) * listed[list(names)].to_numpy(dtype=float)
        for names in ((objective,), (f"{objective}_low", f"{objective}_high"))
    )
    none = in_unit(objective, 1) * float(listed.loc[listed["baseline"], objective].head(1).mean())
    logs = objective.endswith("loss")
    return scale_of(means.ravel(), maximised=is_maximised(objective), logs=logs, ends=ends, keep=none)
