"""The tables about convergence and the shape of the curves."""

import pandas as pd

from dropout_lab.report.cells import count, spread
from dropout_lab.report.evidence import Evidence
from dropout_lab.report.names import difference, duration, number, value
from dropout_lab.report.prose.cost import ratio
from dropout_lab.report.sections.block import Part, rows_of_few


def convergence(evidence: Evidence) -> Part:
    rows = []
    for row in rows_of_few(evidence, "convergence"):
        bounds = "" if pd.isna(row["median_low"]) else f" [{count(row['median_low'])}, {count(row['median_high'])}]"
        rows.append(
            [
                row["name"],
                "its own best" if row["definition"] == "own_best" else f"the baseline's {number(row['target'])}",
                f"{row['n_reached']} of {row['n']}",
                f"{count(row['median'])}{bounds}",
                number(row["restricted"], 3),
                duration(row["restricted_seconds"]),
                f"{row['n_improving']}" if row["n_improving"] else "",
            ]
        )
    header = ["configuration", "target", "runs that reach it", "median epochs", "mean epochs", "mean time"]
    prose = [
        "Median: Kaplan-Meier, with its 95 % interval. Mean: restricted; a run that never reaches the target counts "
        "with all its epochs. Still improving: runs whose best epoch lies in the last tenth, so their own best is not "
        "final."
    ]
    return Part("convergence", "Epochs and time to converge", prose, [*header, "still improving"], rows)


def time_ratio(evidence: Evidence) -> Part:
    best = evidence.found.best
    rows = [
        [
            f"{100 * row['progress']:g} %",
            number(row["target"]),
            f"{row['n_reached']} of {row['n']}",
            f"{row['baseline_n_reached']} of {row['baseline_n']}",
            number(row["ratio"], 3),
            spread(lambda _, x: number(x, 3), "", *(row[f"restricted_{end}"] for end in ("ratio", "low", "high"))),
        ]
        for _, row in evidence.rows("time_ratio", best).iterrows()
    ]
    header = ["share of the baseline's improvement", "validation loss", "runs that reach it", "baseline runs"]
    prose = list(ratio(evidence, best)) if best is not None else []
    header += ["ratio of medians", "ratio of means"]
    return Part("time_ratio", "Epochs relative to no dropout", prose, header, rows)


def curve_shape(evidence: Evidence) -> Part:
    rows = [
        [
            row["name"],
            row["diagnosis"],
            count(row["onset"]),
            difference("val_loss", row["rise"]),
            spread(value, "val_loss", row["area"], row["area_low"], row["area_high"]),
        ]
        for row in rows_of_few(evidence, "curve_shape")
    ]
    header = ["configuration", "most runs are", "turns at epoch", "rise since", "area between train and validation"]
    prose = [
        "Turns at epoch: where the validation loss starts to rise, median over runs; ∞ if it does not in half of them.",
        "Rise since: validation loss at the last epoch minus its minimum, mean over runs. Area: validation minus train "
        "loss, summed over the epochs. Runs that were stopped early are left out.",
    ]
    return Part("curve_shape", "Shape of the curves", prose, header, rows)
