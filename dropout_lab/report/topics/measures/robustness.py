"""Accuracy, or loss, as something is made worse level by level: the chosen configuration beside no dropout."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.core.metrics.lookup import measured as metrics
from dropout_lab.core.metrics.measured import LEVEL, Measured
from dropout_lab.core.metrics.metric import FRACTION
from dropout_lab.report.draw import style
from dropout_lab.report.frames.by_seed import by_seed
from dropout_lab.report.frames.column import METRIC, Columns, real, text, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import in_unit, possible, title, value
from dropout_lab.report.statistics import means_of_rows
from dropout_lab.report.topics.alts import sentence
from dropout_lab.report.topics.choice import Choice
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Picture, Plan

COLUMNS: Columns = {
    "metric": text("the metric of a panel; at level 0 that of the test set as it is"),
    "level": real("of what is made worse", unit="of the measure"),
    "n": whole("complete runs that were measured", unit="runs"),
    "value": real("mean over these runs", unit=METRIC),
    "low": real("its 95 % t interval, lower bound", unit=METRIC),
    "high": real("its 95 % t interval, upper bound", unit=METRIC),
}


OWN = ("trial", "name", "baseline", "placement")
"""What a row repeats of its configuration."""


def robustness(frames: Frames, choice: Choice, *, classification: bool) -> pd.DataFrame:
    """A row per metric, configuration (the best one, and what it is shown beside) and level, 0 included.

    Of a classification the accuracies, else the losses.
    """
    shown = [trial for trial in (choice.best, choice.beside) if trial is not None]
    rows = []
    for metric in metrics():
        if not _is_drawn(metric, classification=classification):
            continue
        names = [str(name) for name in frames.runs.columns if str(name).startswith(f"{metric.name}{LEVEL}")]
        for name in [str(metric.at_zero), *names] if names else []:
            values = by_seed(frames, [name])
            for trial in shown:
                mean = means_of_rows(values.of(name, values.rows([trial["trial"]]))).within(*possible(name)).of(0)
                level = float(name.partition(LEVEL)[2] or 0)
                own = {key: trial[key] for key in OWN}
                rows.append({"metric": metric.name, **own, "level": level, **mean._asdict(), "value": mean.mean})
    table = pd.DataFrame(rows, columns=["metric", *OWN, "level", "n", "value", "low", "high"])
    order = {metric.name: place for place, metric in enumerate(metrics())}
    table = table[table["n"] > 0].sort_values(["trial", "level"])
    return table.sort_values("metric", key=lambda names: names.map(order), kind="stable", ignore_index=True)


def _is_drawn(metric: Measured, *, classification: bool) -> bool:
    return metric.at_zero == ("test_accuracy" if classification else "test_loss")


def diagram(table: pd.DataFrame, looks: style.Looks, *, classification: bool) -> Figure:
    """A panel per metric, a line per configuration."""
    names = list(table["metric"].unique())
    known = {metric.name: metric for metric in metrics()}
    what = f"accuracy ({FRACTION.shown})" if classification else "loss"
    figure, axes = style.grid(len(names), style.columns_for(max(2, len(names))), height=2.4)
    for name, ax in zip(names, axes, strict=True):
        panel = table[table["metric"] == name]
        apart = 0.008 * float(panel["level"].max())  # so that bars at one level are side by side
        for number, (_, line) in enumerate(panel.groupby("trial", sort=False)):
            look = style.look(looks, line.iloc[0])
            dashes = style.DASHES if line["baseline"].iloc[0] else "-"
            mean, low, high = (in_unit(name, line[key].to_numpy(float)) for key in ("value", "low", "high"))
            ends = np.nan_to_num(np.stack([mean - low, high - mean]))
            ax.errorbar(
                line["level"] + (number - 0.5) * apart,
                mean,
                yerr=ends,
                color=look.color,
                marker=look.marker,
                linestyle=dashes,
                ms=4,
                elinewidth=1.0,
                capsize=2,
                label=str(line["name"].iloc[0]),
            )
        style.heading(ax, title(name))
        ax.set_xlabel(known[name].level)
        ax.set_ylabel(what)
    style.legend(figure, axes)
    return figure


def _plan(evidence: Evidence) -> Plan | None:
    table = robustness(evidence.frames, evidence.choice, classification=evidence.is_class)
    if table.empty:
        return None
    what = "Accuracy" if evidence.is_class else "Loss"
    numbers = []
    for (metric, name), line in table.groupby(["metric", "name"], sort=False):
        first, last = line.iloc[0], line.iloc[-1]
        ends = [f"{value(str(metric), row['value'])} at {row['level']:g}" for row in (first, last)]
        numbers.append(f"{title(str(metric))}, {name}: from {' to '.join(ends)}")
    return Plan(
        f"{what} as the inputs or the network are made worse",
        f"On the held-out test set, with the weights of each run's best epoch. {evidence.interval}",
        sentence(numbers),
        table,
        partial(diagram, table, evidence.looks, classification=evidence.is_class),
    )


ROBUSTNESS = Picture("robustness", _plan, COLUMNS)
