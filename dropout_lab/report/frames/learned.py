"""The records of learned quantities as a frame."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dropout_lab.records.fields import Record

KINDS = {"id": object, "epoch": int, "site": object, "quantity": object, "value": float, "trial": int, "key": object}


def no_learned() -> pd.DataFrame:
    """The frame without rows."""
    return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in {**KINDS, "seed": int}.items()})


def learned(records: Sequence[Record], runs: pd.DataFrame) -> pd.DataFrame:
    """A row per site, quantity and epoch of `runs`: id, epoch, site, quantity, value, trial, key and seed.

    A run that was started again trains some epochs twice; the later record counts.
    """
    if not records or runs.empty:
        return no_learned()
    columns: dict[str, list[Any]] = {name: [] for name in ("id", "epoch", "site", "quantity", "value")}
    for record in records:
        for name, values in columns.items():
            values += record[name]
    frame = pd.DataFrame(columns)
    frame = frame.drop_duplicates(["id", "epoch", "site", "quantity"], keep="last")
    frame = frame.merge(runs[["id", "trial", "key", "seed"]], on="id")
    order = ["trial", "seed", "quantity", "site", "epoch"]
    return frame.astype(KINDS | {"seed": int}).sort_values(order, kind="stable", ignore_index=True)
