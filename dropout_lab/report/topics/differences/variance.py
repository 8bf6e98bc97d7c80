"""Variance between seeds, separated from variance between configurations."""

import math

import pandas as pd

from dropout_lab.core.metrics.lookup import compared_names
from dropout_lab.report.frames.by_seed import by_seed, metrics_of
from dropout_lab.report.frames.column import METRIC, Columns, made, real, text, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import in_unit, number, title, unit_of
from dropout_lab.report.statistics import Floats, whole_rows
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Shown, Table

MOST = 50
"""Contexts with their own row, those with the most configurations; one row is always for all together."""


COLUMNS: Columns = {
    "metric": text("metric that varies; all standard deviations are in its unit"),
    "context": text("context of the configurations; empty for all contexts together"),
    "configurations": whole("configurations with all seeds", unit="configurations"),
    "seeds": whole("seeds", unit="seeds"),
    "trial_deviation": real(
        "standard deviation between runs of one configuration: trial variance, root of the sum of the next two squared",
        unit=METRIC,
    ),
    "common_deviation": real(
        "part of it: the effect of a seed that all configurations share, which pairing removes", unit=METRIC
    ),
    "own_deviation": real(
        "part of it: the effect of a seed on a single configuration, which remains after pairing", unit=METRIC
    ),
    "study_deviation": real("standard deviation between configurations that the seeds do not explain", unit=METRIC),
    "correlation": real(
        "correlation of two configurations over seeds: common squared / trial squared; at 0, pairing gains nothing"
    ),
}


def variance(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per metric, for all whole configurations and for each context with two or more of them; see `COLUMNS`.

    The variance components of a two-way layout, configurations x seeds, from its mean squares (H. Scheffe, The Analysis
    of Variance (1959), section 7.4); an estimate below 0 is 0. Missing with one seed.
    """
    if table.empty:
        return made(COLUMNS)
    values = by_seed(frames)
    kept = table[table["whole"]]
    sizes = kept.groupby("context").size().sort_values(ascending=False, kind="stable")
    contexts = ["", *(str(name) for name in sizes[sizes > 1].index[:MOST])] if len(sizes) > 1 else [""]
    found = []
    for context in contexts:
        rows = values.rows((kept if context == "" else kept[kept["context"] == context])["trial"])
        for metric in metrics_of(frames, compared_names()):
            matrix = values.values[metric][rows]
            matrix = matrix[whole_rows(matrix)]
            if len(matrix) > 1:
                found.append({"metric": metric, "context": context, **components(matrix)})
    return made(COLUMNS, pd.DataFrame(found) if found else None)


def components(matrix: Floats) -> dict[str, float]:
    """The variance components of configurations x seeds without gaps, for two or more configurations."""
    count, seeds = matrix.shape
    result = {"configurations": count, "seeds": seeds}
    if seeds < 2:
        names = ("trial_deviation", "common_deviation", "own_deviation", "study_deviation", "correlation")
        return {**result, **dict.fromkeys(names, math.nan)}
    rows, columns = matrix.mean(axis=1), matrix.mean(axis=0)
    rest = matrix - rows[:, None] - columns + matrix.mean()
    own = float((rest**2).sum()) / ((count - 1) * (seeds - 1))
    common = max(0.0, float(columns.var(ddof=1)) - own / count)
    study = max(0.0, float(rows.var(ddof=1)) - own / seeds)
    total = own + common
    return {
        **result,
        "trial_deviation": math.sqrt(total),
        "common_deviation": math.sqrt(common),
        "own_deviation": math.sqrt(own),
        "study_deviation": math.sqrt(study),
        "correlation": common / total if total else math.nan,
    }


def _shown(evidence: Evidence) -> Shown:
    table = evidence.tables["variance"]
    names = ("trial_deviation", "common_deviation", "own_deviation", "study_deviation")
    rows = [
        [title(row["metric"]), *(_deviation(row["metric"], row[name]) for name in names)]
        for _, row in table[table["context"] == ""].iterrows()
        if pd.notna(row["trial_deviation"])
    ]
    header = ["standard deviation of", "between seeds", "shared by all", "left after pairing", "between configurations"]
    prose = [
        "Between seeds: between runs of one configuration. It has two parts, whose squares add up.",
        "Shared by all: the effect of a seed on every configuration, which pairing by seed removes. Left after "
        "pairing: its effect on a single configuration.",
        "Between configurations: variation that the seeds do not explain.",
    ]
    return Shown("Variation between seeds and between configurations", prose, header, rows)


def _deviation(metric: str, deviation: float) -> str:
    if pd.isna(deviation):
        return "–"
    unit = unit_of(metric).difference
    return f"{number(in_unit(metric, deviation), 3)}{f' {unit}' if unit else ''}"


VARIANCE = Table("variance", variance, COLUMNS, _shown)
