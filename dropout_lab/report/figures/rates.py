"""Metrics against rate."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dropout_lab.report import style
from dropout_lab.report.drawn import Chosen
from dropout_lab.report.names import axis, in_unit
from dropout_lab.report.style import BASELINE, Looks

HAIR = 0.7


def against_rate(part: Chosen, metrics: Sequence[str], looks: Looks, classification: bool, *, alike: bool) -> Figure:
    """A line per placement with its interval band, the baseline as a horizontal band; `alike`: on one scale."""
    rates = part.rates
    names = panels(rates)
    # One panel a metric: side by side. Several: a block of panels per metric.
    columns = len(metrics) if len(names) == 1 else style.columns_for(len(names))
    block = -(-len(names) // columns) * columns if len(names) > 1 else 1
    figure, axes = style.grid(block * len(metrics), columns, height=2.7 if columns < 3 else 2.1)
    shown: list[Axes] = []
    for index, metric in enumerate(metrics):
        own = axes[index * block : (index + 1) * block]
        for name, ax in zip(names, own, strict=False):
            if part.crowded:
                _backdrop(ax, rates[rates["panel"] != name], metric, joined=part.joined)
            _rate_panel(ax, rates[rates["panel"] == name], metric, looks, part)
            style.heading(ax, name, columns)
            ax.set_xlabel("dropout rate")
        for position in range(0, len(names), columns):
            own[position].set_ylabel(axis(metric, classification))
        if not alike:
            style.share_y(own[: len(names)])
        shown += own[: len(names)]
        for spare in own[len(names) :]:
            spare.remove()
    if alike:
        style.share_y(shown)
    style.legend(figure, axes)
    return figure


def panels(table: pd.DataFrame) -> Sequence[str]:
    return [str(name) for name in table["panel"].unique()]


def _backdrop(ax: Axes, others: pd.DataFrame, metric: str, *, joined: bool) -> None:
    """The other placements, pale, to compare with."""
    for _, line in others.groupby("placement", sort=False):
        values = in_unit(metric, 1) * line[metric]
        ax.plot(line["rate"], values, "-" if joined else ".", color="#d0d0d0", linewidth=HAIR, markersize=3, zorder=1)


def _rate_panel(ax: Axes, rates: pd.DataFrame, metric: str, looks: Looks, part: Chosen) -> None:
    baseline = rates[rates["baseline"]].head(1)
    if len(baseline):
        low, mean, high = (
            in_unit(metric, float(baseline[c].iloc[0])) for c in (f"{metric}_low", metric, f"{metric}_high")
        )
        if np.isfinite([low, high]).all():
            ax.axhspan(low, high, color=BASELINE, alpha=0.13, linewidth=0)
        ax.axhline(mean, color=BASELINE, linewidth=1, linestyle=style.DASHES, label="no dropout", zorder=1.5)
    for placement, line in rates.groupby("placement", sort=False):
        look = looks[str(placement)]
        label = None if part.crowded else str(placement)
        shown = line if part.joined else line[~line["baseline"]]
        x = shown["rate"].to_numpy(dtype=float)
        lows, means, highs = (
            in_unit(metric, 1) * shown[c].to_numpy(dtype=float) for c in (f"{metric}_low", metric, f"{metric}_high")
        )
        if part.joined:
            if part.banded:
                ax.fill_between(x, lows, highs, color=look.color, alpha=0.14, linewidth=0)
                ax.vlines(x, lows, highs, color=look.color, alpha=0.35, linewidth=HAIR)  # a lone point has no band
            ax.plot(x, means, color=look.color, marker=look.marker, markersize=4, label=label)
        else:
            dense = len(x) > style.DENSE
            ax.vlines(x, lows, highs, color=look.color, alpha=0.3, linewidth=HAIR, rasterized=dense)
            ax.plot(x, means, look.marker, color=look.color, ms=4, alpha=0.8, label=label, rasterized=dense)
