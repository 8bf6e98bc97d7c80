"""The best value found, by the number of trials."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dropout_lab.report import style
from dropout_lab.report.names import axis, in_unit
from dropout_lab.report.style import BASELINE


def found_so_far(table: pd.DataFrame, objective: str, classification: bool) -> Figure:
    """Trials as dots, the best so far as steps, and the band of the same trials in random order."""
    figure, (ax,) = style.grid(1, 1, height=3.0)
    scale = in_unit(objective, 1)
    budget = table["budget"].to_numpy(dtype=float)
    low, middle, high = (scale * table[name].to_numpy(dtype=float) for name in ("low", "median", "high"))
    ax.fill_between(budget, low, high, color=BASELINE, alpha=0.15, linewidth=0, label="random order: 95 % of draws")
    ax.plot(budget, middle, color=BASELINE, linestyle=style.DASHES, linewidth=1, label="random order: median")
    values = scale * table["value"]
    dense = len(table) > style.DENSE
    ax.plot(budget, values, ".", color=style.OTHER.color, alpha=0.35, ms=5, mew=0, rasterized=dense, label="a trial")
    ax.step(budget, scale * table["best"], where="post", color="#D55E00", linewidth=1.8, label="best so far")
    known = values.dropna()
    if len(known):
        # A few very bad trials would flatten all others.
        ends = [*known.quantile([0.02, 0.9]), *(scale * table["best"].dropna().iloc[[-1]])]
        edges = [min(*ends, *(scale * table["best"].dropna())), max(*ends, *(scale * table["best"].dropna()))]
        room = 0.06 * (edges[1] - edges[0]) or 0.5
        ax.set_ylim(edges[0] - room, edges[1] + room)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    ax.set_xlabel("trials so far")
    ax.set_ylabel(axis(objective, classification))
    style.legend(figure, [ax])
    return figure
