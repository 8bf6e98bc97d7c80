"""The objective against site rates, where each site has its own."""

import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report import style
from dropout_lab.report.names import axis, in_unit, is_maximised
from dropout_lab.report.scales import scale as scale_of
from dropout_lab.report.style import BASELINE, Looks


def against_site_rates(sites: pd.DataFrame, objective: str, looks: Looks, classification: bool) -> Figure:
    """The objective against the rate of each site, a point per configuration; the best one ringed."""
    names = list(sites["site"].unique())[:9]
    columns = min(3, len(names))
    figure, axes = style.grid(len(names), columns, height=2.4)
    scale = in_unit(objective, 1)
    for index, (name, ax) in enumerate(zip(names, axes, strict=True)):
        shown = sites[sites["site"] == name]
        for placement, points in shown[~shown["baseline"]].groupby("placement", sort=False, dropna=False):
            look = looks.get(str(placement), style.OTHER)
            label = str(placement) if str(placement) in looks else None
            dense = len(points) > style.DENSE
            y = scale * points[objective]
            ax.plot(points["rate"], y, look.marker, color=look.color, ms=4, alpha=0.6, label=label, rasterized=dense)
        for mean in scale * shown.loc[shown["baseline"], objective].head(1):
            ax.axhline(mean, color=BASELINE, linewidth=1, linestyle=style.DASHES, label="no dropout")
        best = shown.head(1)
        ax.plot(best["rate"], scale * best[objective], "o", mfc="none", mec="#000000", ms=9, mew=1.2, label="best mean")
        ax.set_xlabel(style.shorten(f"rate at {name}", 36))
        if index % columns == 0:
            ax.set_ylabel(axis(objective, classification))
        else:
            ax.tick_params(labelleft=False)
        ax.sharey(axes[0])
    values = scale * sites[objective].to_numpy(dtype=float)
    scale_of(values, maximised=is_maximised(objective), logs=objective.endswith("loss")).set(axes)
    style.legend(figure, axes)
    return figure
