"""The Pareto fronts of pairs of metrics."""

from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report.draw import style
from dropout_lab.report.draw.scales import Scale, scale
from dropout_lab.report.draw.style import Looks
from dropout_lab.report.frames.column import TRIAL, Columns, made, real, text, truth
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.frames.ranking import front
from dropout_lab.report.spelling import and_list, axis, in_unit, is_maximised, title, value
from dropout_lab.report.topics.alts import sentence
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Picture, Plan, Table
from dropout_lab.report.topics.placed import placed

COLUMNS: Columns = {
    **TRIAL,
    "baseline": truth("whether it is a baseline"),
    "pair": text("the two metrics, joined by ' and '"),
    "first": real("mean of the first metric, in its unit (accuracies: fractions)", unit="of the pair's metrics"),
    "second": real(
        "mean of the second metric (epochs_to_target: Kaplan-Meier median)",
        unit="of the pair's metrics",
    ),
    "context": text("context of the front; empty for all contexts"),
    "front": truth("whether no other configuration (of the context, if given) is as good in both and better in one"),
}


def pareto(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per pair of metrics and whole configuration that has both.

    The pairs: with several objectives, each two of them; else accuracy (loss for regression) with the gap of the same
    kind; then the first validation metric of these with the epochs to the target. Fronts compare means, without a test
    of significance. Each context has its own target, so epochs to the target have a front per context.
    """
    kind = "accuracy" if frames.is_classification else "loss"
    pairs, main = [(f"val_{kind}", f"gap_{kind}")], f"val_{kind}"
    if len(frames.objectives) > 1:
        pairs = list(combinations(frames.objectives, 2))
        main = next((name for name in frames.objectives if name.startswith("val_")), main)
    parts = []
    for first, second in (*pairs, (main, "epochs_to_target")):
        if table.empty or first not in table or second not in table:
            continue
        known = table[
            table["whole"] & np.isfinite(table[first].astype(float)) & np.isfinite(table[second].astype(float))
        ]
        part = known[["trial", "name", "baseline"]].assign(pair=f"{first} and {second}")
        if second == "epochs_to_target":
            part["context"] = known["context"]
            on_front = pd.Series(False, index=known.index)
            for _, own in known.groupby("context"):
                on_front[own.index] = front(own, (first, second))
        else:
            part["context"] = ""
            on_front = front(known, (first, second))
        part = part.assign(first=known[first].astype(float), second=known[second].astype(float), front=on_front)
        parts.append(part.sort_values("first", ascending=not is_maximised(first), kind="stable"))
    return made(COLUMNS, pd.concat(parts, ignore_index=True) if parts else None)


def fronts(pareto: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The points of all pairs with more than one configuration."""
    several = pareto.groupby("pair")["trial"].transform("size") > 1
    return placed(pareto[several], table)


def draw_fronts(points: pd.DataFrame, looks: Looks, classification: bool) -> Figure:
    """A panel per pair: a point per configuration, each front (for epochs: per context) ringed and joined."""
    pairs = list(points["pair"].unique())
    figure, axes = style.grid(len(pairs), len(pairs), height=3.0)
    for pair, ax in zip(pairs, axes, strict=True):
        first, second = str(pair).split(" and ")
        shown = points[points["pair"] == pair]
        x, y = in_unit(second, 1) * shown["second"], in_unit(first, 1) * shown["first"]
        shown_on = front_scale(shown, first)
        dense = len(shown) > style.DENSE
        for placement, own in shown[~shown["baseline"]].groupby("placement", sort=False, dropna=False):
            look = looks.get(str(placement), style.OTHER)
            label = str(placement) if str(placement) in looks else None
            ax.plot(
                x[own.index], y[own.index], look.marker, color=look.color, ms=4, alpha=0.7, label=label,
                rasterized=dense, mew=0,
            )  # fmt: skip
            shown_on.mark(ax, x[own.index].to_numpy(dtype=float), y[own.index].to_numpy(dtype=float), look.color)
        none = shown.index[shown["baseline"]]
        ax.plot(x[none], y[none], "X", color="#222222", ms=7, mec="white", mew=0.7, linestyle="", label="no dropout")
        best = shown[shown["front"]].sort_values("second").index
        for _, own in shown.loc[best].groupby("context", sort=False):
            ax.plot(x[own.index], y[own.index], color="#222222", linewidth=0.8, zorder=1)
        ax.plot(x[best], y[best], "o", mfc="none", mec="#222222", ms=8, mew=0.9, linestyle="", label="front")
        shown_on.set([ax])
        if second.startswith("epochs"):
            ax.xaxis.set_major_locator(style.epoch_ticks())
        ax.set_xlabel(f"{axis(second, classification)}; {'right' if is_maximised(second) else 'left'} is better")
        ax.set_ylabel(axis(first, classification))
    style.legend(figure, axes)
    return figure


def front_scale(points: pd.DataFrame, first: str) -> Scale:
    """The scale of the metric `first` of a pair."""
    values, none = (
        in_unit(first, 1) * part["first"].to_numpy(dtype=float) for part in (points, points[points["baseline"]])
    )
    keep = float(none.mean()) if len(none) else float("nan")
    return scale(values, maximised=is_maximised(first), logs=first.endswith("loss"), keep=keep)


def _plan(evidence: Evidence) -> Plan | str:
    points = fronts(evidence.tables["pareto"], evidence.table)
    if points["trial"].nunique() < 3:
        return "The Pareto front is not drawn: fewer than three configurations have all seeds complete."
    contexts = points.loc[points["context"] != "", "context"].nunique()
    own = " Epochs are to the target of the context, and each context has its own front." if contexts > 1 else ""
    numbers = []
    for pair, part in points[points["front"]].groupby("pair", sort=False):
        first, second = str(pair).split(" and ")
        some = [
            f"{row['name']} ({value(first, row['first'])}, {value(second, row['second'])})"
            for row in part.head(5).to_dict("records")
        ]
        more = f" and {len(part) - 5} more" if len(part) > 5 else ""
        numbers.append(f"on the front of {title(first)} and {title(second)}: {', '.join(some)}{more}")
    note = max(front_scale(part, str(pair).split(" and ")[0]).note for pair, part in points.groupby("pair"))
    heading = "What accuracy costs" if evidence.is_class else "What a low loss costs"
    if len(evidence.frames.objectives) > 1:
        heading = f"Trade-off between {and_list([title(name) for name in evidence.frames.objectives])}"
    return Plan(
        heading,
        "A mark per configuration with all seeds, means over seeds. Ringed: no other is as good in both and better in "
        "one. The front does not show which differences are significant."
        f"{own} {note}".strip(),
        sentence(numbers),
        points,
        partial(draw_fronts, points, evidence.looks, evidence.is_class),
    )


PARETO = Table("pareto", pareto, COLUMNS)
FRONTS = Picture("pareto", _plan)
