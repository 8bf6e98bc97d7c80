"""Lanes in use over the time of training."""

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dropout_lab.report import style
from dropout_lab.report.style import BASELINE, DASHES


def occupancy(slices: pd.DataFrame) -> Figure:
    """A panel per worker. Filled: lanes that trained; line: lanes of the cohort; dashes: a new command."""
    workers = list(slices["worker"].unique())
    figure, axes = style.grid(len(workers), 1, height=1.9 if len(workers) == 1 else 1.3, share=True)
    long = bool(slices["end"].max() > 600)
    unit = 60 if long else 1
    sessions = slices.groupby("session")["begin"].min().to_numpy()[1:]
    for worker, ax in zip(workers, axes, strict=True):
        part = slices[slices["worker"] == worker]
        begin, end, used, lanes = (part[name].to_numpy(dtype=float) for name in ("begin", "end", "used", "lanes"))
        begin, end, zero = begin / unit, end / unit, np.zeros(len(part))
        corners = np.stack([begin, zero, begin, used, end, used, end, zero], axis=1).reshape(-1, 4, 2)
        ax.add_collection(
            PolyCollection(list(corners), facecolors=style.OKABE_ITO[5], edgecolors="none", label="in use")
        )
        tops = np.stack([begin, lanes, end, lanes], axis=1).reshape(-1, 2, 2)
        ax.add_collection(
            LineCollection(
                list(tops), colors=BASELINE, linewidths=1.2, capstyle="projecting", label="lanes of the cohort"
            )
        )
        for place in sessions:
            ax.axvline(place / unit, color=BASELINE, linewidth=0.8, linestyle=DASHES)
        ax.set_ylabel("lanes" if len(workers) == 1 else f"lanes,\nworker {worker}")
        ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, steps=[1, 2, 5, 10]))
    axes[0].set_xlim(0, slices["end"].max() / unit)
    axes[0].set_ylim(0, 1.08 * slices["lanes"].max())
    for ax in axes[:-1]:
        ax.tick_params(labelbottom=False)
    axes[-1].set_xlabel(f"training time ({'min' if long else 's'})")
    style.legend(figure, axes)
    return figure
