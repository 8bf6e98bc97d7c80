"""Learned quantities over the epochs."""

import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report import style
from dropout_lab.report.style import MARKERS, OKABE_ITO


def learned(table: pd.DataFrame, quantity: str) -> Figure:
    """`quantity` per epoch: a panel per configuration, a line per site with its range over seeds, same scales."""
    shown = table[table["quantity"] == quantity]
    trials = list(shown["trial"].unique())
    columns = style.columns_for(len(trials))
    figure, axes = style.grid(len(trials), columns, height=2.7 if len(trials) <= columns else 2.3, share=True)
    looks = {site: index for index, site in enumerate(shown["site"].unique())}
    for place, (trial, ax) in enumerate(zip(trials, axes, strict=True)):
        panel = shown[shown["trial"] == trial]
        for site, part in panel.groupby("site", sort=False):
            index = looks[site]
            color = OKABE_ITO[index % len(OKABE_ITO)]
            ax.fill_between(part["epoch"], part["least"], part["most"], color=color, alpha=0.2, linewidth=0)
            every = max(1, len(part) // 6)
            ax.plot(
                part["epoch"],
                part["mean"],
                color=color,
                marker=MARKERS[index % len(MARKERS)],
                markevery=every,
                label=str(site),
            )
        style.heading(ax, str(panel["name"].iloc[0]))
        ax.tick_params(labelbottom=place + columns >= len(trials))
        if place + columns >= len(trials):
            ax.set_xlabel("epoch")
    axes[0].xaxis.set_major_locator(style.epoch_ticks())
    axes[0].set_ylim(bottom=0)
    for ax in axes[::columns]:
        ax.set_ylabel(f"learned {quantity}" if quantity == "rate" else quantity)
    style.legend(figure, axes)
    return figure
