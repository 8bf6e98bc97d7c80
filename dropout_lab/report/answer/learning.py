"""Whether training works at all: where it fails without dropout too, no dropout rate is to blame."""

from collections.abc import Mapping

import pandas as pd

from dropout_lab.report.answer.rerun import as_grid
from dropout_lab.report.frames.ranking import has_learned_nothing
from dropout_lab.report.spelling import and_list, plural, setting
from dropout_lab.report.topics.evidence import Evidence

LR = "optimizer.lr"

USUAL = (1e-5, 1.0)
"""Learning rates beyond these are not advised."""


def learning_rate(evidence: Evidence) -> tuple[str, Mapping[str, str]] | None:
    """What is wrong, and the overrides to try; None if half of the runs without dropout, or more, learn something."""
    best, table = evidence.choice.best, evidence.table
    if table.empty:
        return None
    suspects = table[table["baseline"]]
    if best is not None:
        suspects = suspects[suspects["context"] == best["context"]]
    elif suspects.empty:
        suspects = table
    if suspects.empty or not is_spoilt(evidence, suspects).all():
        return None
    runs = int((suspects["n_complete"] + suspects["n_failed"]).sum())
    count, is_baseline = int(_diverged(evidence, suspects).sum()), bool(suspects["baseline"].all())
    where = "Without dropout" if is_baseline else "With every configuration"
    so = ", so dropout is not the cause" if is_baseline and len(table) > len(suspects) else ""
    rates = _rates(evidence, suspects)
    known = f"{LR} is {and_list([setting(rate) for rate in rates])}" if rates else f"{LR} is not recorded"
    if 2 * count >= runs:
        why = f"{where}, training diverges in {count} of {plural(runs, 'run')}{so}. Lower the learning rate: {known}."
        return why, {LR: as_grid([min(rates) / 10])} if rates else {}
    epochs = and_list([f"{epochs:g}" for epochs in sorted(suspects["horizon"].dropna().unique())] or ["unknown"])
    why = (
        f"{where}, the network learns nothing in {int(suspects['n_unlearned'].sum())} of {plural(runs, 'run')}{so}. "
        f"Try other learning rates ({known}) or more epochs (trainer.epochs is {epochs})."
    )
    return why, {LR: as_grid(_others(rates))} if rates else {}


def _others(rates: list[float]) -> list[float]:
    """A tenth of the least and ten times the greatest, as far as they are usual; else the usual ones."""
    usual = [rate for rate in (min(rates) / 10, 10 * max(rates)) if USUAL[0] <= rate <= USUAL[1]]
    return usual if len(usual) > 1 else [0.001, 0.01]


def is_spoilt(evidence: Evidence, rows: pd.DataFrame) -> "pd.Series[bool]":
    """Which of these configurations diverged, or learned nothing, in half or more of their runs."""
    ended = rows["n_complete"] + rows["n_failed"]
    return has_learned_nothing(rows) | ((ended > 0) & (2 * _diverged(evidence, rows) >= ended))


def _diverged(evidence: Evidence, rows: pd.DataFrame) -> "pd.Series[int]":
    """The number of runs of each that diverged: to a finite loss, or to NaN or infinity, which ended them as failed."""
    runs = evidence.frames.runs
    broken = runs[(runs["status"] == "failed") & runs["reason"].astype(str).str.startswith("diverged")]
    return rows["n_diverged"] + rows["trial"].map(broken["trial"].value_counts()).fillna(0).astype(int)


def _rates(evidence: Evidence, rows: pd.DataFrame) -> list[float]:
    """The learning rates of these configurations; none if they are not recorded."""
    if LR in rows and rows[LR].notna().any():
        return sorted(float(rate) for rate in rows[LR].dropna().unique())
    optimizer = (evidence.frames.asked.get("settings") or {}).get("optimizer") or {}
    return [float(optimizer["lr"])] if isinstance(optimizer.get("lr"), int | float) else []
