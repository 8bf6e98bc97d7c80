"""Metrics against rate."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dropout_lab.report.draw import style
from dropout_lab.report.draw.scales import Scale, around_zero, scale
from dropout_lab.report.draw.style import BASELINE, Looks
from dropout_lab.report.spelling import axis, in_unit, is_maximised, title
from dropout_lab.report.topics import chance
from dropout_lab.report.topics.alts import extreme, sentence
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.lines import LINES, Chosen
from dropout_lab.report.topics.part import Picture, Plan

HAIR = 0.7


def against_rate(part: Chosen, metrics: Sequence[str], looks: Looks, classification: bool, *, alike: bool) -> Figure:
    """A line per placement or group with its interval band, the baseline as a band; `alike`: on one scale."""
    rates = part.rates
    names = panels(rates)
    # One panel per metric: side by side. Several: a block of panels per metric.
    columns = len(metrics) if len(names) == 1 else style.columns_for(len(names))
    block = -(-len(names) // columns) * columns if len(names) > 1 else 1
    figure, axes = style.grid(block * len(metrics), columns, height=2.7 if columns < 3 else 2.1)
    shown: list[Axes] = []
    scales = scales_of(rates, metrics, alike=alike)
    for index, metric in enumerate(metrics):
        own = axes[index * block : (index + 1) * block]
        for name, ax in zip(names, own, strict=False):
            if part.crowded:
                _backdrop(ax, rates[rates["panel"] != name], metric, joined=part.joined)
            _rate_panel(ax, rates[rates["panel"] == name], metric, looks, part, scales[metric])
            style.heading(ax, name)
            ax.set_xlabel("dropout rate")
            ax.set_xlim(*span(rates["rate"].unique()))
        for position in range(0, len(names), columns):
            own[position].set_ylabel(axis(metric, classification))
        if not alike:
            style.share_y(own[: len(names)])
        scales[metric].set(own[: len(names)])
        shown += own[: len(names)]
        for spare in own[len(names) :]:
            spare.remove()
    if alike:
        style.share_y(shown)
        scales[metrics[0]].set(shown)
    style.legend(figure, axes)
    return figure


def scales_of(rates: pd.DataFrame, metrics: Sequence[str], *, alike: bool) -> Mapping[str, Scale]:
    """The scale of each metric; `alike`: one scale for all metrics."""
    parts = [list(metrics)] if alike else [[metric] for metric in metrics]
    found: dict[str, Scale] = {}
    for part in parts:
        first = part[0]
        values, ends = (
            in_unit(first, 1) * rates[[f"{m}{end}" for m in part for end in which]].to_numpy(dtype=float).ravel()
            for which in (("",), ("_low", "_high"))
        )
        if first.startswith("gap"):  # the smallest is not the best
            found |= {m: around_zero(in_unit(m, 1) * rates[m].to_numpy(dtype=float)) for m in part}
            continue
        none = in_unit(first, 1) * rates.loc[rates["baseline"], part].to_numpy(dtype=float)
        keep = float(np.median(none)) if none.size else np.nan
        one = scale(values, maximised=is_maximised(first), logs=first.endswith("loss"), ends=ends, keep=keep)
        found |= dict.fromkeys(part, one)
    return found


def span(rates: "np.ndarray[Any, np.dtype[np.float64]]", moved: float = 0.0) -> tuple[float, float]:
    """The ends of the rate axis, the same in all panels; `moved`: how far marks are moved from their rate."""
    low, high = float(np.min(rates)), float(np.max(rates))
    room = 0.04 * (high - low) + moved or 0.05
    return low - room, high + room


def panels(table: pd.DataFrame) -> Sequence[str]:
    """The names of the panels, in the order of the table."""
    return [str(name) for name in table["panel"].unique()]


def _backdrop(ax: Axes, others: pd.DataFrame, metric: str, *, joined: bool) -> None:
    """Draw the other placements in pale lines, for comparison."""
    for _, line in others.groupby("line", sort=False):
        values = in_unit(metric, 1) * line[metric]
        ax.plot(line["rate"], values, "-" if joined else ".", color="#d0d0d0", linewidth=HAIR, markersize=3, zorder=1)


def _rate_panel(ax: Axes, rates: pd.DataFrame, metric: str, looks: Looks, part: Chosen, shown_on: Scale) -> None:
    baseline = rates[rates["baseline"]].head(1)
    if len(baseline):
        low, mean, high = (
            in_unit(metric, float(baseline[c].iloc[0])) for c in (f"{metric}_low", metric, f"{metric}_high")
        )
        if np.isfinite([low, high]).all():
            ax.axhspan(low, high, color=BASELINE, alpha=0.13, linewidth=0)
        ax.axhline(mean, color=BASELINE, linewidth=1, linestyle=style.DASHES, label="no dropout", zorder=1.5)
    for name, line in rates.groupby("line", sort=False):
        look = looks[str(name)]
        label = None if part.crowded else str(name)
        shown = line if part.joined else line[~line["baseline"]]
        x = shown["rate"].to_numpy(dtype=float)
        lows, means, highs = (
            in_unit(metric, 1) * shown[c].to_numpy(dtype=float) for c in (f"{metric}_low", metric, f"{metric}_high")
        )
        shown_on.mark(ax, x, means, look.color)
        if part.joined:
            if part.banded:
                ax.fill_between(x, lows, highs, color=look.color, alpha=0.14, linewidth=0)
                ax.vlines(x, lows, highs, color=look.color, alpha=0.35, linewidth=HAIR)  # a lone point has no band
            ax.plot(x, means, color=look.color, marker=look.marker, markersize=4, label=label)
        else:
            dense = len(x) > style.DENSE
            ax.vlines(x, lows, highs, color=look.color, alpha=0.3, linewidth=HAIR, rasterized=dense)
            ax.plot(x, means, look.marker, color=look.color, ms=4, alpha=0.8, label=label, rasterized=dense)


def _plan(evidence: Evidence) -> Plan | str:
    part = evidence.part
    if part is None:
        return "Figures against rate are not drawn: the configurations have no rate axis."
    kind = evidence.main.removeprefix("val_")
    name = title(evidence.main).removeprefix("validation ")
    metrics = [f"val_{kind}"] if part.crowded else [f"val_{kind}", f"test_{kind}"]
    bands = "" if evidence.frames.seeds == 1 else " (bands)" if part.joined and part.banded else " (bars)"
    bands = "" if part.joined and not part.banded else bands
    what = "placement" if part.by == "placement" else "variant"
    means = f"{'A line' if part.joined else 'A colour'} per {what}: {evidence.means}{bands}."
    dashed = f" Dashed: no dropout, which is also rate 0 of every {what}." if part.rates["baseline"].any() else ""
    test = "" if part.crowded else "Test values are at the epoch that validation chose."
    sides = "Validation" if part.crowded else "Validation and test"
    caption = f"{means}{dashed} {test} {part.note} {chance.note(evidence.frames, metrics)}"
    return rate_plan(evidence, part, metrics, f"{sides} {name} against rate", caption, alike=True)


def rate_plan(
    evidence: Evidence, part: Chosen, metrics: Sequence[str], heading: str, caption: str, *, alike: bool
) -> Plan:
    """The plan of a figure of `metrics` against rate; see `against_rate`."""
    alt = sentence([extreme(part.rates, metric) for metric in metrics])
    notes = dict.fromkeys(one.note for one in scales_of(part.rates, metrics, alike=alike).values())
    caption = " ".join(" ".join([caption, *notes]).split())
    draw = partial(against_rate, part, metrics, evidence.line_looks, evidence.is_class, alike=alike)
    return Plan(heading, caption, alt, part.rates, draw)


RATE = Picture("rate", _plan, LINES)
