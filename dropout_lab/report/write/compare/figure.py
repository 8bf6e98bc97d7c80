"""The forest plot of a comparison: a row per sweep, its best dropout minus no dropout."""

from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report.draw import style
from dropout_lab.report.draw.layout import shorten
from dropout_lab.report.spelling import (
    axis,
    difference,
    in_unit,
    is_fraction,
    is_maximised,
    opening,
    plural,
    probability,
    title,
)
from dropout_lab.report.topics.alts import sentence
from dropout_lab.report.topics.part import Plan

MOST = 40
"""Sweeps that are drawn; the table has all."""


WIDE, NARROW = (style.WIDTH, 34), (3.9, 20)
"""Inches of the figure, and letters of a name in it: on a screen, and on a phone."""


def plan(table: pd.DataFrame, classification: bool) -> Plan | None:
    """The figure; None if no sweep has a difference."""
    rows = table[table["difference"].notna()].head(MOST).reset_index(drop=True)
    if rows.empty:
        return None
    objective = str(table["objective"].iloc[0])
    more = int(table["difference"].notna().sum()) - len(rows)
    left = f" {more} more are in the table." if more else ""
    return Plan(
        f"{opening(title(objective))}: difference from no dropout",
        "The best configuration with dropout of each sweep, paired by seed. Thick: 95 % t interval of this comparison "
        f"alone. Thin: intervals that hold for all {plural(int(table['tests'].iloc[0]), 'test')} of all sweeps at "
        f"once. Filled: significant after Holm correction.{left}",
        sentence(
            [f"{row['sweep']}: {difference(objective, row['difference'])}, {row['word']}" for _, row in rows.iterrows()]
        ),
        rows,
        partial(forest, rows, classification, *WIDE),
        partial(forest, rows, classification, *NARROW),
    )


def forest(rows: pd.DataFrame, classification: bool, width: float, letters: int) -> Figure:
    """A row per sweep, `width` inches wide; names are shortened to `letters`."""
    objective = str(rows["objective"].iloc[0])
    figure, (ax,) = style.grid(1, 1, height=0.9 + 0.46 * len(rows), width=width)
    ax.axvline(0, color=style.BASELINE, linestyle=style.DASHES, linewidth=1)
    for place, (_, row) in enumerate(rows.iterrows()):
        is_clear = row["word"] in ("better", "worse")
        color = style.OKABE_ITO[0] if is_clear else style.BASELINE
        for ends, thickness in ((("_wide_low", "_wide_high"), 1.0), (("_low", "_high"), 3.2)):
            low, high = (in_unit(objective, row[f"difference{end}"]) for end in ends)
            if pd.notna(low):
                ax.plot([low, high], [place, place], color=color, linewidth=thickness, solid_capstyle="butt")
        middle = in_unit(objective, row["difference"])
        ax.plot([middle], [place], "o", color=color, markersize=6, markerfacecolor=color if is_clear else "white")
        if width == style.WIDTH:
            p = "" if pd.isna(row["p_holm"]) else f", {probability(row['p_holm'])}"
            text = f"{difference(objective, row['difference'])}{p}"
            ax.text(1.02, place, text, transform=ax.get_yaxis_transform(), va="center", fontsize=8)
    names = [f"{shorten(row['sweep'], letters)}\n{shorten(row['dropout'], letters)}" for _, row in rows.iterrows()]
    ax.set_yticks(range(len(rows)), names)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")
    name = axis(objective, classification)
    name = name.replace("(%)", "(pp)") if is_fraction(objective) else name
    better = "right" if is_maximised(objective) else "left"
    ax.set_xlabel(f"{name} minus no dropout; {better} is better" if width == style.WIDTH else f"difference in {name}")
    return figure
