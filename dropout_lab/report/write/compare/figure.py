"""The forest plot of a comparison: a row per sweep, its best dropout minus no dropout."""

import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report.draw import style
from dropout_lab.report.draw.layout import shorten
from dropout_lab.report.spelling import axis, difference, in_unit, is_fraction, is_maximised, probability

MOST = 40
"""Sweeps that are drawn; the table has all."""

NAME = 34
"""Letters of the name of a sweep or configuration in the figure."""


def forest(table: pd.DataFrame, classification: bool) -> Figure:
    """Draw the first `MOST` rows. Thick: 95 % interval; thin: the same corrected for all tests of all sweeps."""
    rows = table[table["difference"].notna()].head(MOST).reset_index(drop=True)
    objective = str(table["objective"].iloc[0])
    figure, (ax,) = style.grid(1, 1, height=0.9 + 0.46 * len(rows))
    ax.axvline(0, color=style.BASELINE, linestyle="--", linewidth=1)
    for place, (_, row) in enumerate(rows.iterrows()):
        color = style.OKABE_ITO[0] if row["is_significant"] else style.BASELINE
        for ends, width in ((("_wide_low", "_wide_high"), 1.0), (("_low", "_high"), 3.2)):
            low, high = (in_unit(objective, row[f"difference{end}"]) for end in ends)
            if pd.notna(low):
                ax.plot([low, high], [place, place], color=color, linewidth=width, solid_capstyle="butt")
        middle = in_unit(objective, row["difference"])
        face = color if row["is_significant"] else "white"
        ax.plot([middle], [place], "o", color=color, markersize=6, markerfacecolor=face)
        p = "" if pd.isna(row["p_holm"]) else f", {probability(row['p_holm'])}"
        ax.text(
            1.02,
            place,
            f"{difference(objective, row['difference'])}{p}",
            transform=ax.get_yaxis_transform(),
            va="center",
            fontsize=8,
        )
    labels = [f"{shorten(r['sweep'], NAME)}\n{shorten(r['dropout'], NAME)}" for _, r in rows.iterrows()]
    ax.set_yticks(range(len(rows)), labels)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")
    unit = axis(objective, classification).replace("(%)", "(pp)") if is_fraction(objective) else None
    better = "right" if is_maximised(objective) else "left"
    ax.set_xlabel(f"{unit or axis(objective, classification)}: dropout minus no dropout ({better} is better)")
    return figure
