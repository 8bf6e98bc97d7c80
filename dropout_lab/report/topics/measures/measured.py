"""What was measured once, with the weights of the best epoch, beside no dropout."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.lookup import measured as metrics
from dropout_lab.core.metrics.lookup import metric_of
from dropout_lab.core.metrics.measured import LEVEL, Measured
from dropout_lab.report.frames.by_seed import by_seed
from dropout_lab.report.frames.column import METRIC, TRIAL, Columns, made, real, text, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import difference, possible, title, value
from dropout_lab.report.statistics import means_of_rows
from dropout_lab.report.topics.cells import of_row, spread
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Shown, Table

COLUMNS: Columns = {
    **TRIAL,
    "measure": text("member of the group measure"),
    "metric": text("what it found, with the weights of the best epoch; see docs/measures.md"),
    "level": text("the level, in the unit of the measure, or the site; empty without levels"),
    "n": whole("complete runs that were measured", unit="runs"),
    "value": real("mean over these runs", unit=METRIC),
    "low": real("its 95 % t interval over seeds, lower bound", unit=METRIC),
    "high": real("its 95 % t interval over seeds, upper bound", unit=METRIC),
    "difference": real("value minus that of the baseline, or of the reference, paired by seed", unit=METRIC),
    "difference_low": real("its 95 % t interval, lower bound", unit=METRIC),
    "difference_high": real("its 95 % t interval, upper bound", unit=METRIC),
}


def fields(frames: Frames) -> Sequence[tuple[str, Measured, str]]:
    """The measured columns of the runs: field, its metric, its level or an empty text; levels in their order."""
    names = [str(name) for name in frames.runs.columns]
    return [
        (name, metric, name.partition(LEVEL)[2])
        for metric in metrics()
        for name in sorted(names, key=_place)
        if metric_of(name) is metric
    ]


def _place(field: str) -> tuple[float, str]:
    """Numbers before names of sites, each in their order."""
    level = field.partition(LEVEL)[2]
    try:
        return float(level), ""
    except ValueError:
        return math.inf, level


def measured(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per configuration, in the order of `table`, and measured field; empty where nothing was measured."""
    known = fields(frames)
    if table.empty or not known:
        return made(COLUMNS)
    values = by_seed(frames, [field for field, _, _ in known])
    rows = values.rows(table["trial"])
    parts = []
    for field, metric, level in known:
        own = means_of_rows(values.values[field][rows]).within(*possible(field))
        off = means_of_rows(values.differences(field)[rows])
        part = pd.DataFrame({"trial": table["trial"], "name": table["name"], "measure": metric.measure})
        part = part.assign(metric=metric.name, level=level, n=own.n, value=own.mean, low=own.low, high=own.high)
        parts.append(part.assign(difference=off.mean, difference_low=off.low, difference_high=off.high))
    found = pd.concat(parts, ignore_index=True)
    order = np.argsort(found["trial"].map({trial: place for place, trial in enumerate(table["trial"])}), kind="stable")
    found = found.iloc[order]
    return made(COLUMNS, found[found["n"] > 0])


def _shown(evidence: Evidence) -> Shown | None:
    best, beside = evidence.choice.best, evidence.choice.beside
    found = evidence.rows("measured", best)
    if best is None or found.empty:
        return None
    theirs = {(row["metric"], row["level"]): row for _, row in evidence.rows("measured", beside).iterrows()}
    rows = []
    for _, row in found.iterrows():
        other = theirs.get((row["metric"], row["level"]))
        cells = [_name(row), _mean(row), "–" if other is None else _mean(other)]
        rows.append([*cells, _difference(row, other)])
    header = ["", str(best["name"]), "–" if beside is None else str(beside["name"])]
    header.append("difference")
    prose = [
        "With the weights of each run's best epoch, on the held-out test set if nothing else is said; means over seeds "
        "with 95 % t intervals, each by itself. docs/measures.md defines them."
    ]
    return Shown("What was measured of the trained networks", prose, header, rows)


def _name(row: "pd.Series[Any]") -> str:
    name = title(str(row["metric"]))
    return f"{name}, {row['level']}" if row["level"] else name


def _difference(row: "pd.Series[Any]", other: "pd.Series[Any] | None") -> str:
    """Of the chosen configuration; where it is the reference itself, the other's difference turned round."""
    if pd.isna(row["difference"]) and other is not None:
        turned = {"": -other["difference"], "_low": -other["difference_high"], "_high": -other["difference_low"]}
        row = pd.Series({f"difference{end}": number for end, number in turned.items()} | {"metric": row["metric"]})
    return of_row(difference, str(row["metric"]), row, "difference")


def _mean(row: "pd.Series[Any]") -> str:
    return spread(value, str(row["metric"]), row["value"], row["low"], row["high"])


MEASURED_TABLE = Table("measured", measured, COLUMNS, _shown)
