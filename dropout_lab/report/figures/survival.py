"""Survival curves of convergence."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from dropout_lab.report import style
from dropout_lab.report.style import Looks, Stroke

TITLES = {"target": "not yet at the baseline's level", "own_best": "not yet within 1 % of their own best"}


def survival_curves(survival: pd.DataFrame, looks: Looks) -> Figure:
    """The share of runs that have not converged, per epoch: steps with bands, ticks where runs were censored."""
    strokes = style.strokes(survival, looks)
    definitions = [name for name in TITLES if (survival["definition"] == name).any()]
    figure, axes = style.grid(len(definitions), len(definitions), height=2.9, share=True)
    for definition, ax in zip(definitions, axes, strict=True):
        part = survival[survival["definition"] == definition]
        for trial, line in part.groupby("trial", sort=False):
            _line(ax, line, strokes[trial])
        style.heading(ax, TITLES[definition])
        ax.set_xlabel("epoch")
    last = int(survival["epoch"].max())
    axes[0].set_xlim(0, last * 1.03)
    axes[0].set_ylim(-0.03, 1.03)
    axes[0].xaxis.set_major_locator(style.epoch_ticks())
    axes[0].yaxis.set_major_formatter(PercentFormatter(1, symbol=None))
    axes[0].set_ylabel("runs not there yet (%)")
    axes[0].plot([], [], "|", color="#222222", ms=7, label="censored")
    style.legend(figure, axes)
    return figure


def _line(ax: Axes, line: pd.DataFrame, look: Stroke) -> None:
    epochs = np.concatenate([[0], line["epoch"].to_numpy(dtype=float)])
    share = np.concatenate([[1], line["surviving"].to_numpy(dtype=float)])
    low, high = (
        np.concatenate([[1], line[name].fillna(line["surviving"]).to_numpy(dtype=float)]) for name in ("low", "high")
    )
    ax.fill_between(epochs, low, high, step="post", color=look.color, alpha=0.12, linewidth=0)
    name = style.shorten(str(line["name"].iloc[0]), 48)
    ax.step(epochs, share, where="post", color=look.color, linestyle=look.dash, linewidth=1.6, label=name)
    ended = line[line["censored"] > 0]
    ax.plot(ended["epoch"], ended["surviving"], "|", color=look.color, ms=7, mew=1.2)
