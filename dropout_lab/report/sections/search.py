"""The tables about the search: the best of every value, and what varies with the seed."""

import pandas as pd

from dropout_lab.report.cells import of_row, p_cell
from dropout_lab.report.evidence import Evidence
from dropout_lab.report.names import difference, in_unit, number, setting, title, value
from dropout_lab.report.sections.block import ROWS, Part


def isolation(evidence: Evidence) -> Part:
    metric, table = evidence.found.objective, evidence.tables["isolation"]
    kept = table.assign(near=table.groupby("setting")["mean"].rank()).sort_values(["near"], kind="stable")
    kept = kept.groupby("setting", sort=False).head(ROWS // 2).sort_index()
    rows = [
        [
            row["setting"],
            setting(row["value"]) + (" (best)" if row["best"] else ""),
            row["name"],
            str(row["n_trials"]),
            of_row(value, metric, row.rename({"mean": "m", "low": "m_low", "high": "m_high"}), "m"),
            of_row(difference, metric, row, "difference"),
            p_cell(row["p_holm"]),
        ]
        for _, row in kept.iterrows()
    ]
    header = ["setting", "value", "its best configuration", "chosen from", title(metric)]
    prose = [
        "The best configuration with each value of a setting, all other settings free. The difference is to the best "
        "baseline of the same number of contexts, paired by seed.",
        "p is corrected by Holm for all configurations that were tested. The intervals are not corrected for choosing "
        "the best, which favours it.",
    ]
    return Part(
        "isolation",
        "The best of every value",
        prose,
        [*header, "difference to no dropout", "p (Holm)"],
        rows[: 3 * ROWS],
    )


def variance(evidence: Evidence) -> Part:
    table = evidence.tables["variance"]
    names = ("trial_deviation", "common_deviation", "own_deviation", "study_deviation")
    rows = [
        [title(row["metric"]), *(_deviation(row["metric"], row[name]) for name in names)]
        for _, row in table[table["context"] == ""].iterrows()
    ]
    header = ["standard deviation of", "between seeds", "shared by all", "left after pairing", "between configurations"]
    prose = [
        "Between seeds: between runs of one configuration. It has two parts, whose squares add up.",
        "Shared by all: what a seed does to every configuration, which pairing by seed removes. Left after pairing: "
        "what a seed does to a single configuration.",
        "Between configurations: variation that the seeds do not explain.",
    ]
    return Part("variance", "Seeds and configurations", prose, header, rows)


def _deviation(metric: str, deviation: float) -> str:
    unit = " pp" if "accuracy" in metric else ""
    return "–" if pd.isna(deviation) else f"{number(in_unit(metric, deviation), 3)}{unit}"
