"""Whether training works at all: where it fails without dropout too, no dropout rate is to blame."""

import pandas as pd

from dropout_lab.report.evidence import Evidence
from dropout_lab.report.names import and_list, plural, setting
from dropout_lab.report.tables.ranking import has_learned_nothing

LR = "optimizer.lr"


def learning_rate(evidence: Evidence) -> str | None:
    found, table = evidence.found, evidence.table
    if table.empty:
        return None
    suspects = table[table["baseline"]]
    if found.best is not None:
        suspects = suspects[suspects["context"] == found.best["context"]]
    elif suspects.empty:
        suspects = table
    if suspects.empty or not is_spoilt(evidence, suspects).all():
        return None
    runs = int((suspects["n_complete"] + suspects["n_failed"]).sum())
    count, is_baseline = int(_diverged(evidence, suspects).sum()), bool(suspects["baseline"].all())
    where = "Without dropout" if is_baseline else "With every configuration"
    so = ", so dropout is not the cause" if is_baseline and len(table) > len(suspects) else ""
    rate = f"{LR} is {_rates(evidence, suspects)}"
    if 2 * count >= runs:
        return f"{where}, training diverges in {count} of {plural(runs, 'run')}{so}. Lower the learning rate: {rate}."
    epochs = and_list([f"{epochs:g}" for epochs in sorted(suspects["horizon"].dropna().unique())] or ["unknown"])
    return (
        f"{where}, the network learns nothing in {int(suspects['n_unlearned'].sum())} of {plural(runs, 'run')}{so}. "
        f"Try another learning rate ({rate}) or more epochs (trainer.epochs is {epochs})."
    )


def is_spoilt(evidence: Evidence, rows: pd.DataFrame) -> "pd.Series[bool]":
    """Which of these configurations diverged, or learned nothing, in half or more of their runs."""
    ended = rows["n_complete"] + rows["n_failed"]
    return has_learned_nothing(rows) | ((ended > 0) & (2 * _diverged(evidence, rows) >= ended))


def _diverged(evidence: Evidence, rows: pd.DataFrame) -> "pd.Series[int]":
    """The number of runs of each that diverged: to a finite loss, or to NaN or infinity, which ended them as failed."""
    runs = evidence.frames.runs
    broken = runs[(runs["status"] == "failed") & runs["reason"].astype(str).str.startswith("diverged")]
    return rows["n_diverged"] + rows["trial"].map(broken["trial"].value_counts()).fillna(0).astype(int)


def _rates(evidence: Evidence, rows: pd.DataFrame) -> str:
    """The learning rates of these configurations."""
    if LR in rows and rows[LR].notna().any():
        return and_list([setting(rate) for rate in sorted(rows[LR].dropna().unique())])
    optimizer = (evidence.frames.asked.get("settings") or {}).get("optimizer") or {}
    return setting(optimizer["lr"]) if "lr" in optimizer else "not recorded"
