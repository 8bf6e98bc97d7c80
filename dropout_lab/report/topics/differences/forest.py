"""Differences from no dropout, one below the other."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dropout_lab.report.draw import style
from dropout_lab.report.draw.dots import dots
from dropout_lab.report.draw.scales import Scale, scale
from dropout_lab.report.draw.style import BASELINE, Looks
from dropout_lab.report.frames.ranking import has_learned_nothing
from dropout_lab.report.spelling import axis, difference, in_unit, is_fraction, is_maximised, plural, title
from dropout_lab.report.statistics import ALPHA
from dropout_lab.report.topics.alts import sentence
from dropout_lab.report.topics.differences.comparisons import COLUMNS
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Picture, Plan
from dropout_lab.report.topics.placed import placed

LISTED = 30
"""Configurations that are drawn one by one, the best ones."""


def differences(comparisons: pd.DataFrame, table: pd.DataFrame, objective: str) -> pd.DataFrame:
    """The differences of the best `LISTED` configurations to their baseline, in the objective.

    Configurations that learned nothing are left out, because their losses can be of any size.
    """
    kept = table[~has_learned_nothing(table)]
    comparisons = comparisons[comparisons["trial"].isin(kept["trial"])]
    part = placed(comparisons[comparisons["metric"] == objective], table).merge(kept[["trial", "whole"]], on="trial")
    return part.head(LISTED).reset_index(drop=True)


def forest(
    differences: pd.DataFrame, objective: str, looks: Looks, classification: bool, other: str = "no dropout"
) -> Figure:
    """Mean difference and its interval per configuration; filled if significant after Holm; the margin is shaded."""
    figure, (ax,) = style.grid(1, 1, height=1.1 + 0.19 * len(differences))
    scale = in_unit(objective, 1)
    # Margins differ with the baseline of each row, so each row has its own strip.
    rows = np.arange(len(differences))
    margin = scale * differences["margin"].to_numpy(dtype=float)
    ax.fill_betweenx(
        np.ravel([rows - 0.5, rows + 0.5], "F"), np.repeat(-margin, 2), np.repeat(margin, 2),
        color=BASELINE, alpha=0.15, linewidth=0,
    )  # fmt: skip
    ax.axvline(0, color=BASELINE, linewidth=1, linestyle=style.DASHES)
    low, mean, high = (scale * differences[name].to_numpy(dtype=float) for name in ("low", "mean", "high"))
    significant = differences["p_holm"].to_numpy(dtype=float) < ALPHA
    shown_on = difference_scale(differences, objective)
    dots(ax, differences, looks, (low, mean, high), significant, shown_on, lambda x: difference(objective, x / scale))
    name = axis(objective, classification)
    name = name.replace("(%)", "(pp)") if is_fraction(objective) else name
    ax.set_xlabel(f"difference in {name} to {other}; {'right' if is_maximised(objective) else 'left'} is better")
    dot: Any = {"color": "#222222", "marker": "o", "linewidth": 1.2, "markersize": 5}
    handles = [
        Line2D([], [], **dot, label=f"significant (Holm, {ALPHA:g})"),
        Line2D([], [], **dot, markerfacecolor="white", label="not significant"),
        Patch(color=BASELINE, alpha=0.15, linewidth=0, label="too small to matter"),
    ]
    style.legend_of(figure, handles)
    return figure


def difference_scale(differences: pd.DataFrame, objective: str) -> Scale:
    """The scale of the differences, which shows 0."""
    ends = in_unit(objective, 1) * differences[["low", "high"]].to_numpy(dtype=float)
    means = in_unit(objective, 1) * differences["mean"].to_numpy(dtype=float)
    return scale(means, maximised=is_maximised(objective), logs=False, ends=ends, keep=0.0)


def _plan(evidence: Evidence) -> Plan | str:
    comparisons = evidence.tables["comparisons"]
    shown = differences(comparisons, evidence.table, evidence.objective)
    count = int((comparisons["metric"] == evidence.objective).sum())
    if len(shown) < 2:
        several = len(evidence.table) > 2
        why = "no two configurations have a baseline" if several else "there are no two configurations to compare"
        return f"Differences from no dropout are not drawn: {why}."
    other = evidence.reference_name
    significant = shown.loc[shown["p_holm"] < ALPHA, "mean"]
    signs = np.sign(significant) if is_maximised(evidence.objective) else -np.sign(significant)
    first = shown.iloc[0]
    some = f"The best {len(shown)} of {count} configurations, without those that learned nothing,"
    which = some if len(shown) < count else "Every configuration"
    return Plan(
        f"Differences from {other} in {title(evidence.objective)}",
        f"{which} minus {other}, paired by seed. {evidence.interval} They are of single comparisons. Filled: "
        f"significant by the paired t test, corrected by Holm for all {count} comparisons. Shaded: differences too "
        f"small to matter. {difference_scale(shown, evidence.objective).note}".strip(),
        sentence(
            [
                f"{first['name']}: {difference(evidence.objective, first['mean'])}",
                f"significantly better: {(signs > 0).sum()} of {plural(len(shown), 'difference')}",
                f"significantly worse: {(signs < 0).sum()}",
            ]
        ),
        shown,
        partial(forest, shown, evidence.objective, evidence.looks, evidence.is_class, other),
    )


FOREST = Picture("forest", _plan, COLUMNS)
