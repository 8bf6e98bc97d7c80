"""The runs that have not reached the target, epoch by epoch."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from dropout_lab.report.draw import style
from dropout_lab.report.draw.layout import shorten
from dropout_lab.report.draw.style import Looks, Stroke
from dropout_lab.report.frames.column import Columns, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import percent
from dropout_lab.report.topics.alts import sentence
from dropout_lab.report.topics.choice import Choice
from dropout_lab.report.topics.convergence.convergence import CURVES, survival_curves
from dropout_lab.report.topics.convergence.representatives import few
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Picture, Plan
from dropout_lab.report.topics.placed import placed

TITLES = {"target": "not yet at the baseline's level", "own_best": "not yet within 1 % of their own best"}


def survival(frames: Frames, table: pd.DataFrame, choice: Choice) -> pd.DataFrame:
    """The survival curves of `few`, with a column `censored`: runs that ended in that epoch without arriving."""
    part = placed(survival_curves(frames, few(table, choice)), table)
    left = part["at_risk"] - part["arrived"]
    after = part.groupby(["trial", "definition"])["at_risk"].shift(-1).fillna(0)
    return part.assign(censored=(left - after).astype(int))


def draw_survival(survival: pd.DataFrame, looks: Looks) -> Figure:
    """The share of runs that have not reached the target: steps with bands, ticks where runs were censored."""
    strokes = style.strokes(survival, looks)
    definitions = [name for name in TITLES if (survival["definition"] == name).any()]
    figure, axes = style.grid(len(definitions), len(definitions), height=2.9, share=True)
    for definition, ax in zip(definitions, axes, strict=True):
        part = survival[survival["definition"] == definition]
        for place, (trial, line) in enumerate(part.groupby("trial", sort=False)):
            _line(ax, line, strokes[trial], banded=place == 0 or bool(line["baseline"].iloc[0]))
        style.heading(ax, TITLES[definition])
        ax.set_xlabel("epoch")
    last = int(survival["epoch"].max())
    axes[0].set_xlim(0, last * 1.03)
    axes[0].set_ylim(-0.03, 1.03)
    axes[0].xaxis.set_major_locator(style.epoch_ticks())
    axes[0].yaxis.set_major_formatter(PercentFormatter(1, symbol=None))
    axes[0].set_ylabel("runs not at the target (%)")
    axes[0].plot([], [], "|", color="#222222", ms=7, label="censored")
    style.legend(figure, axes)
    return figure


def _line(ax: Axes, line: pd.DataFrame, look: Stroke, *, banded: bool) -> None:
    epochs = np.concatenate([[0], line["epoch"].to_numpy(dtype=float)])
    share = np.concatenate([[1], line["surviving"].to_numpy(dtype=float)])
    low, high = (
        np.concatenate([[1], line[name].fillna(line["surviving"]).to_numpy(dtype=float)]) for name in ("low", "high")
    )
    if banded:  # those of all would cover each other
        ax.fill_between(epochs, low, high, step="post", color=look.color, alpha=0.16, linewidth=0)
    name = shorten(str(line["name"].iloc[0]), 48)
    ax.step(epochs, share, where="post", color=look.color, linestyle=look.dash, linewidth=1.6, label=name)
    ended = line[line["censored"] > 0]
    ax.plot(ended["epoch"], ended["surviving"], "|", color=look.color, ms=7, mew=1.2)


def _plan(evidence: Evidence) -> Plan | str:
    table = survival(evidence.frames, evidence.table, evidence.choice)
    if table["trial"].nunique() < 2:
        return "Survival curves are not drawn: no two configurations have all their seeds complete."
    kind = "target" if (table["definition"] == "target").any() else "own_best"
    numbers = []
    for _, part in table[table["definition"] == kind].groupby("trial", sort=False):
        there = part[part["surviving"] <= 0.5]
        when = f"half reached it after {there['epoch'].iloc[0]} epochs" if len(there) else "fewer than half reached it"
        left = percent(float(part["surviving"].iloc[-1]))
        numbers.append(f"{part['name'].iloc[0]}: {when}, {left} have not at the end")
    level = " The baseline's level is the median over its seeds of their best validation loss." * (kind == "target")
    return Plan(
        "Runs that have not reached the target, epoch by epoch",
        "Kaplan-Meier estimates over seeds for the best of up to three placements and for no dropout. Bands: 95 % "
        f"intervals of the best and of no dropout (Greenwood, log-log). Ticks: runs that ended without "
        f"converging.{level}",
        sentence(numbers),
        table,
        partial(draw_survival, table, evidence.looks),
    )


COLUMNS: Columns = {**CURVES, "censored": whole("runs that ended in this epoch without converging", unit="runs")}

SURVIVAL = Picture("survival", _plan, COLUMNS)
