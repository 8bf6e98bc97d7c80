"""The tables about rates and placements."""

from typing import Any

import pandas as pd

from dropout_lab.report.cells import of_row, p_cell, spread
from dropout_lab.report.evidence import Evidence
from dropout_lab.report.names import difference, number, plural, setting, title, value
from dropout_lab.report.prose.sure import best_rate
from dropout_lab.report.sections.block import ROWS, Part, few


def best_rates(evidence: Evidence) -> Part:
    metric = evidence.found.objective
    header = [
        "rate",
        "configurations",
        f"{title(metric)} of the best",
        "best in resamples",
        "difference to the best",
        "",
    ]
    rows = [
        [
            setting(float(row["rate"])),
            str(row["configurations"]),
            value(metric, row["mean"]),
            f"{100 * row['share']:.1f} %",
            "best" if row["best"] else of_row(difference, metric, row, "difference"),
            ", ".join(mark for mark, holds in (("in the interval", row["inside"]), ("flat", row["flat"])) if holds),
        ]
        for _, row in evidence.rates.iterrows()
    ]
    kept = rows if len(rows) <= 2 * ROWS else [row for row in rows if row[5]][: 2 * ROWS]
    prose = [
        *best_rate(evidence),
        "Resamples: the sweep's seeds are drawn again with replacement, and the best configuration is chosen anew each "
        "time. Flat: a configuration of this rate is statistically indistinguishable from the best. The bounds of the "
        "difference hold with 95 % each and account for the choice of the best.",
    ]
    return Part("best_rates", "The best rate", prose, [*header, "difference to the best", ""], kept)


def gaps(evidence: Evidence) -> Part:
    found = evidence.tables["gaps"].to_dict("records")
    table: dict[Any, dict[Any, Any]] = {(row["trial"], row["measure"], row["epoch"]): row for row in found}
    kinds = ("loss", "accuracy") if evidence.frames.is_classification else ("loss",)
    header = ["configuration", "train loss", "validation loss", "gap in loss"]
    header += [f"difference to {evidence.reference_name}", "at the last epoch"]
    header += [f"gap in {kind}" for kind in kinds[1:]]
    rows = []
    for trial in (trial for trial in few(evidence) if (trial, "loss", "best") in table):
        best, last = (pd.Series(table[trial, "loss", epoch]) for epoch in ("best", "last"))
        cells = [str(best["name"]), value("train_loss", best["train"]), value("val_loss", best["validation"])]
        cells += [_gap("loss", best), of_row(difference, "gap_loss", best, "difference"), _gap("loss", last)]
        rows.append([*cells, *(_gap(kind, pd.Series(table[trial, kind, "best"])) for kind in kinds[1:])])
    prose = [
        "At the best epoch, with dropout off on both sides. Read the gap together with the validation loss: a network "
        "that learns nothing has no gap, and at rate 1 it would be 0."
    ]
    return Part("gaps", "The gap", prose, header, rows)


def _gap(kind: str, row: "pd.Series[Any]") -> str:
    return spread(value, f"gap_{kind}", row["gap"], row["low"], row["high"])


def effects(evidence: Evidence) -> Part:
    objective, table = evidence.found.objective, evidence.tables["effects"]
    metric = objective if objective in ("val_loss", "val_accuracy") else "val_loss"  # as the figure beside it
    mine = table[table["metric"] == metric]
    rows = [
        [row["term"], str(row["df"]), f"{100 * row['share']:.1f} %", number(row["f"], 3), p_cell(row["p_holm"])]
        for _, row in mine.head(ROWS).iterrows()
    ]
    header = ["setting or pair of settings", "df", "share of the variation", "F", "p (Holm)"]
    prose = [
        f"The share of the variation in {title(metric)} that each setting explains, among the "
        f"{plural(int(count), 'configuration')} with dropout and all seeds."
        for count in mine["configurations"].head(1)
    ]
    return Part("effects", "Main effects and interactions", prose, header, rows)
