"""The configurations on the page, row by row, and the runs that failed."""

from typing import Any

import pandas as pd

from dropout_lab.report.frames.ranking import failures
from dropout_lab.report.spelling import difference, number, title, value
from dropout_lab.report.topics.cells import Grid, of_row, p_cell
from dropout_lab.report.topics.evidence import Evidence

ROWS = 200
"""Configurations on the page, which sorts and filters them; trials.csv has all."""

FAILURES = 40


def configurations(evidence: Evidence) -> Grid:
    """The best rows, and the best baseline if it is not among them."""
    frames, order = evidence.frames, evidence.table
    if order.empty:
        return Grid()
    shown = order.head(ROWS)
    if not shown["baseline"].any():
        shown = pd.concat([shown.head(ROWS - 1), order[order["baseline"]].head(1)])
    main = evidence.objective
    second = "val_accuracy" if frames.is_classification else "val_loss"
    metrics = list(dict.fromkeys([*frames.objectives, "val_loss", second]))
    own_test = main.replace("val_", "test_") if main.startswith("val_") else ""
    tests = [own_test] if own_test in order else []
    tests = list(dict.fromkeys([*tests, "test_accuracy" if frames.is_classification else "test_loss"]))
    gaps = [gap for gap in ("gap_loss", "gap_accuracy")[: 1 + frames.is_classification] if gap not in metrics]
    against = f"difference in {title(main)}"
    header = ["trial", "configuration", "runs", *(title(m) for m in metrics), against]
    header += ["p (Holm)", *(title(m) for m in [*tests, *gaps]), "epochs to convergence", "epochs to target"]
    own = "baseline" if frames.reference is None else "reference"
    reference = None if evidence.choice.reference is None else evidence.choice.reference["trial"]
    rows = []
    for record in shown.to_dict("records"):
        trial: pd.Series[Any] = pd.Series(record, dtype=object)
        name = f"{trial['name']} (on the front)" if trial.get("front", False) else str(trial["name"])
        is_own = trial["baseline"] if frames.reference is None else trial["trial"] == reference
        rows.append(
            [
                str(trial["trial"]),
                name,
                _runs(trial, frames.seeds),
                *(of_row(value, metric, trial, metric) for metric in metrics),
                own if is_own else of_row(difference, main, trial, f"{main}_diff"),
                p_cell(trial[f"{main}_p_holm"]),
                *(of_row(value, test, trial, test) for test in tests),
                *(value(metric, trial[metric]) for metric in gaps),
                value("epochs_to_convergence", trial["epochs_to_convergence"]),
                _target(trial),
            ]
        )
    return Grid(header, rows)


def _runs(trial: "pd.Series[Any]", seeds: int) -> str:
    parts = [f"{trial['n_complete']}/{seeds}"]
    parts += [f"{trial[f'n_{end}']} {end}" for end in ("pruned", "failed") if trial[f"n_{end}"]]
    labels = {"n_diverged": "diverged", "n_unlearned": "learned nothing"}
    parts += [f"{trial[name]} {label}" for name, label in labels.items() if trial[name]]
    return ", ".join(parts)


def _target(trial: "pd.Series[Any]") -> str:
    if pd.isna(trial["n_timed"]):
        return "–"
    reached, timed, median = int(trial["n_reached"]), int(trial["n_timed"]), trial["epochs_to_target"]
    return f"{number(median, 3) if median == float('inf') else f'{median:.0f}'} ({reached}/{timed})"


def failed(evidence: Evidence) -> tuple[Grid, int]:
    """The first `FAILURES` failed runs, and the number of all."""
    found = failures(evidence.frames, evidence.table) if len(evidence.table) else pd.DataFrame()
    if found.empty:
        return Grid(), 0
    columns = ("trial", "name", "seed", "attempt", "epochs", "reason")
    rows = [[str(row[column]) for column in columns] for _, row in found.head(FAILURES).iterrows()]
    return Grid(["trial", "configuration", "seed", "attempt", "epochs", "reason"], rows), len(found)
