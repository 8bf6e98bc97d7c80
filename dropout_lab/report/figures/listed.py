"""Configurations one under the other."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report import style
from dropout_lab.report.names import axis, in_unit
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
    for row, (_, trial) in enumerate(listed.iterrows()):
        look = style.look(looks, trial)
        low, mean, high = (scale * float(trial[column]) for column in columns)
        ax.hlines(row, low, high, color=look.color, linewidth=1.2)
        ax.plot(mean, row, look.marker, color=look.color, ms=5, mfc=look.color if trial["whole"] else "white")
    ax.set_yticks(range(len(listed)), [style.shorten(str(name), 48) for name in listed["name"]])
    ax.set_ylim(len(listed) - 0.4, -0.6)
    ax.grid(False, axis="y")
    ax.set_xlabel(axis(objective, classification))
    return figure
