"""The figures of convergence."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from dropout_lab.report import figure_data
from dropout_lab.report.figures.ratio import ratio_to_baseline
from dropout_lab.report.figures.survival import survival_curves
from dropout_lab.report.figures.times import times_to_target
from dropout_lab.report.gallery.alts import extreme, sentence
from dropout_lab.report.gallery.picture import Plan
from dropout_lab.report.gallery.source import Source
from dropout_lab.report.names import number, percent

NAMES = ("survival", "epochs_to_target", "time_ratio")


def plans(source: Source) -> Iterator[Plan]:
    yield from _survival(source)
    yield from _times(source)
    yield from _ratio(source)


def _survival(source: Source) -> Iterator[Plan]:
    table = figure_data.survival(source.frames, source.table, source.found)
    if table["trial"].nunique() < 2:
        source.skipped.append("Survival curves are not drawn: no two configurations have all their seeds complete.")
        return
    kind = "target" if (table["definition"] == "target").any() else "own_best"
    numbers = []
    for _, part in table[table["definition"] == kind].groupby("trial", sort=False):
        there = part[part["surviving"] <= 0.5]
        when = f"half converged after {there['epoch'].iloc[0]} epochs" if len(there) else "fewer than half converged"
        left = percent(float(part["surviving"].iloc[-1]))
        numbers.append(f"{part['name'].iloc[0]}: {when}, {left} not converged at the end")
    level = " The baseline's level is the median over its seeds of their best validation loss." * (kind == "target")
    yield Plan(
        "survival",
        "Runs that have not converged, epoch by epoch",
        "Kaplan-Meier estimates over seeds for the best of up to three placements and for no dropout. Bands: 95 % "
        f"intervals (Greenwood, log-log). Ticks: runs that ended without converging.{level}",
        sentence(numbers),
        table,
        partial(survival_curves, table, source.looks),
    )


def _times(source: Source) -> Iterator[Plan]:
    if source.part is None:
        return
    arrivals = figure_data.arrivals(source.frames, source.part.rates)
    if arrivals.empty:
        reason = "no configuration with dropout has a baseline to set the target"
        source.skipped.append(f"Epochs to target are not drawn: {reason}.")
        return
    yield Plan(
        "epochs_to_target",
        "Epochs to reach the baseline's level against rate",
        "The target is the median over the baseline's seeds of their best validation loss. Pale marks: runs that "
        "reached it; a larger mark is more runs. Open triangles: runs that did not while they trained (censored). "
        f"Lines join the Kaplan-Meier medians and break where half of the runs never do. {source.part.note}".strip(),
        sentence([extreme(source.part.rates, "epochs_to_target")]),
        arrivals,
        partial(times_to_target, arrivals, source.line_looks, source.part.joined),
    )


def _ratio(source: Source) -> Iterator[Plan]:
    ratios = figure_data.ratios(source.made("time_ratio"), source.table, source.found)
    if not np.isfinite(ratios["restricted_ratio"]).any():
        source.skipped.append("The ratio of epochs to those of no dropout is not drawn: no such ratio exists.")
        return
    numbers = [
        f"{part['name'].iloc[0]}: {number(float(part['restricted_ratio'].iloc[0]), 3)} times as long to "
        f"{percent(float(part['progress'].iloc[0]))} of the baseline's improvement, "
        f"{number(float(part['restricted_ratio'].iloc[-1]), 3)} times to all of it, which "
        f"{percent(float(part['reached'].iloc[-1]))} of its runs and "
        f"{percent(float(part['baseline_reached'].iloc[-1]))} of the baseline's reached"
        for _, part in ratios.groupby("trial", sort=False)
    ]
    rough = "" if ratios["restricted_honest"].all() else ", rough and too narrow from so few seeds"
    yield Plan(
        "time_ratio",
        "Epochs relative to no dropout, by target",
        "Targets lie between the baseline's validation loss after one epoch (0 %) and its own best (100 %), medians "
        "over seeds. Left: ratio of the restricted mean epochs, in which a run that never gets there counts with all "
        f"its epochs. Bands: 95 % intervals (delta method){rough}. Right: the runs that reach the target; read the "
        "ratio together with them.",
        sentence(numbers),
        ratios,
        partial(ratio_to_baseline, ratios, source.looks),
    )
