"""The tables about differences between configurations."""

import pandas as pd

from dropout_lab.report.cells import count, p_cell, spread
from dropout_lab.report.evidence import Evidence
from dropout_lab.report.names import amount, difference, title, value
from dropout_lab.report.prose.better import few_seeds, same
from dropout_lab.report.prose.unseen import selection_bias
from dropout_lab.report.sections.block import ROWS, Part


def comparisons(evidence: Evidence) -> Part:
    metric, table = evidence.found.objective, evidence.tables["comparisons"]
    mine = table[table["metric"] == metric].head(ROWS)
    row = evidence.comparison
    prose = [] if row is None else [*same(evidence, row), *few_seeds(evidence, row)]
    if len(mine):
        least, most = (amount(metric, float(end)) for end in (mine["margin"].min(), mine["margin"].max()))
        margin = least if least == most else f"{least} to {most}, depending on the loss of the reference"
        prose += [
            f"Equivalent means within {margin}; its p is that of the equivalence test.",
            "Seeds needed: to detect a difference of the observed size with power 0.8, corrected for all comparisons.",
        ]
        if not mine["bca_honest"].all():
            prose.append("With so few seeds the bootstrap interval (BCa) is too narrow; use the t interval.")
    header = [
        "configuration",
        f"difference in {title(metric)}",
        "BCa interval",
        "pairs won",
        "p (Holm)",
        "seeds needed",
        "p (equivalence)",
    ]
    rows = [
        [
            one["name"],
            spread(difference, metric, one["mean"], one["low"], one["high"]),
            _bounds(metric, one["bca_low"], one["bca_high"]),
            f"{one['improvement'] * one['n']:g} of {one['n']}",
            p_cell(one["p_holm"]),
            count(one["seeds_needed"]),
            p_cell(one["p_equivalence"]),
        ]
        for _, one in mine.iterrows()
    ]
    return Part("comparisons", "Each difference", prose, header, rows)


def _bounds(metric: str, low: float, high: float) -> str:
    return "–" if pd.isna(low) else f"[{difference(metric, low)}, {difference(metric, high)}]"


def to_best(evidence: Evidence) -> Part:
    metric, table = evidence.found.objective, evidence.tables["to_best"].head(ROWS)
    rows = [
        [
            one["name"],
            spread(difference, metric, one["mean"], one["low"], one["high"]),
            p_cell(one["p_best"]),
            p_cell(one["p_equivalence_holm"]),
        ]
        for _, one in table.iterrows()
    ]
    header = ["configuration", f"difference in {title(metric)} to the best", "p (best)", "p (equivalence, Holm)"]
    prose = [
        "Each configuration minus the best, paired by seed. The 95 % interval is of this comparison alone.",
        "p (best): a one-sided paired t test, its p multiplied by the number of other configurations, which accounts "
        "for the choice of the best. Below 0.05 the configuration is significantly worse than the best.",
        "p (equivalence): below 0.05 the configuration is shown to be equivalent to the best. If neither p is below "
        "0.05, the comparison is inconclusive.",
    ]
    return Part("to_best", "Compared with the best", prose, header, rows)


def optimism(evidence: Evidence) -> Part:
    rows = [
        [
            title(row["metric"]),
            row["name"],
            str(row["configurations"]),
            value(row["metric"], row["value"]),
            amount(row["metric"], max(0.0, row["optimism"])),
            value(row["metric"], row["corrected"]),
            spread(value, row["test_metric"], row["test"], row["test_low"], row["test_high"])
            if row["test_metric"]
            else "–",
        ]
        for _, row in evidence.tables["optimism"].iterrows()
    ]
    header = ["chosen by", "configuration", "chosen from", "observed", "selection bias", "bias-corrected", "test set"]
    return Part("optimism", "The winner's curse", list(selection_bias(evidence)), header, rows)
