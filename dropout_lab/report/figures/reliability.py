"""Accuracy of answers by their confidence."""

import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report import style
from dropout_lab.report.style import BASELINE

KINDS = {"one network": style.Look("#0072B2", "o"), "ensemble": style.Look("#D55E00", "s")}


def diagram(reliability: pd.DataFrame) -> Figure:
    """A panel per configuration: accuracy against confidence by bins; a larger mark is more answers."""
    roles = list(reliability["role"].unique())
    figure, axes = style.grid(len(roles), max(2, len(roles)), height=3.1, share=True)
    for role, ax in zip(roles, axes, strict=True):
        shown = reliability[reliability["role"] == role]
        ax.plot([0, 100], [0, 100], color=BASELINE, linestyle=style.DASHES, linewidth=1, label="perfectly calibrated")
        for kind, part in shown.groupby("of", sort=False):
            look = KINDS[str(kind)]
            x, y = 100 * part["confidence"], 100 * part["accuracy"]
            ax.plot(x, y, color=look.color, linewidth=1.0)
            size = 6 + 120 * part["answers"] / part["answers"].sum()
            ax.scatter(x, y, s=size, color=look.color, marker=look.marker, alpha=0.75, linewidth=0, label=str(kind))
        name = str(shown["name"].iloc[0])
        style.heading(ax, name, role if role != name else "")
        ax.set_xlabel("confidence (%)")
        ax.set_aspect("equal")
    low = 100 * float(min(reliability["confidence"].min(), reliability["accuracy"].min()))
    axes[0].set_xlim(max(0.0, low - 4), 102)
    axes[0].set_ylim(max(0.0, low - 4), 102)
    axes[0].set_ylabel("accuracy (%)")
    style.legend(figure, axes)
    return figure
