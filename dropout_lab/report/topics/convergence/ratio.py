"""Epochs relative to no dropout, by target."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report.draw import style
from dropout_lab.report.draw.layout import shorten
from dropout_lab.report.draw.scales import plain_log
from dropout_lab.report.draw.style import BASELINE, Looks
from dropout_lab.report.frames.column import Columns, real
from dropout_lab.report.spelling import number, percent
from dropout_lab.report.topics.alts import sentence
from dropout_lab.report.topics.choice import Choice
from dropout_lab.report.topics.convergence.representatives import few
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Picture, Plan
from dropout_lab.report.topics.placed import placed


def ratios(time_ratio: pd.DataFrame, table: pd.DataFrame, choice: Choice) -> pd.DataFrame:
    """The rows of `few` in the table of ratios, with the shares of runs that reached each target."""
    part = placed(time_ratio[time_ratio["trial"].isin(few(table, choice)["trial"])], table)
    return part.assign(
        reached=part["n_reached"] / part["n"], baseline_reached=part["baseline_n_reached"] / part["baseline_n"]
    )


def ratio_to_baseline(ratios: pd.DataFrame, looks: Looks) -> Figure:
    """Left: ratio of restricted mean epochs with its interval. Right: the share of runs that reached the target."""
    figure, (left, right) = style.grid(2, 2, height=2.8)
    progress = list(ratios["progress"].unique())
    strokes = style.strokes(ratios, looks)
    for place, (trial, line) in enumerate(ratios.groupby("trial", sort=False)):
        first, look = line.iloc[0], strokes[trial]
        x = np.array([progress.index(value) for value in line["progress"]], dtype=float)
        low, high = (line[f"restricted_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
        if place == 0:  # those of all would cover each other
            left.fill_between(x, low, high, color=look.color, alpha=0.16, linewidth=0)
        how: Any = {"color": look.color, "marker": look.marker, "markersize": 4, "linestyle": look.dash}
        name = shorten(str(first["name"]), 48)
        left.plot(x, line["restricted_ratio"], label=name, **how)
        right.plot(x, 100 * line["reached"], **how)
        if place == 0:
            right.plot(x, 100 * line["baseline_reached"], color=BASELINE, linestyle=style.DASHES, label="no dropout")
    left.axhline(1, color=BASELINE, linewidth=1, linestyle=style.DASHES)
    left.set_yscale("log")
    bottom, top = left.get_ylim()
    left.set_ylim(min(bottom, 0.8), max(top, 1.25))
    plain_log(left.yaxis)
    left.set_ylabel("epochs relative to no dropout")
    right.set_ylabel("runs that reach it (%)")
    right.set_ylim(-3, 103)
    for ax in (left, right):
        ax.set_xticks(range(len(progress)), [f"{100 * value:g}" for value in progress])
        ax.set_xlabel("target (% of the baseline's improvement)")
    style.legend(figure, [left, right])
    return figure


def _plan(evidence: Evidence) -> Plan | str:
    found = ratios(evidence.tables["time_ratio"], evidence.table, evidence.choice)
    if not np.isfinite(found["restricted_ratio"]).any():
        return "The ratio of epochs to those of no dropout is not drawn: no such ratio exists."
    numbers = [
        f"{part['name'].iloc[0]}: {number(float(part['restricted_ratio'].iloc[0]), 3)} times as long to "
        f"{percent(float(part['progress'].iloc[0]))} of the baseline's improvement, "
        f"{number(float(part['restricted_ratio'].iloc[-1]), 3)} times to all of it, which "
        f"{percent(float(part['reached'].iloc[-1]))} of its runs and "
        f"{percent(float(part['baseline_reached'].iloc[-1]))} of the baseline's reached"
        for _, part in found.groupby("trial", sort=False)
    ]
    rough = "" if found["restricted_honest"].all() else ", rough and too narrow from so few seeds"
    return Plan(
        "Epochs relative to no dropout, by target",
        "Targets lie between the baseline's validation loss after one epoch (0 %) and its own best (100 %), medians "
        "over seeds. Left: ratio of the restricted mean epochs, in which a run that never gets there counts with all "
        f"its epochs. Band: 95 % interval of the best (delta method){rough}. Right: the runs that reach the target; "
        "read the ratio together with them.",
        sentence(numbers),
        found,
        partial(ratio_to_baseline, found, evidence.looks),
    )


COLUMNS: Columns = {
    "reached": real("share of the configuration's runs that reached the target", unit="fraction"),
    "baseline_reached": real("share of the baseline's runs that reached it", unit="fraction"),
}

RATIO = Picture("time_ratio", _plan, COLUMNS)
