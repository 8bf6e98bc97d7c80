"""The records of lane use as a frame."""

from collections.abc import Sequence

import pandas as pd

from dropout_lab.records.fields import Record

KINDS = {"session": int, "worker": int, "cohort": int, "width": int, "used": int, "started": float, "seconds": float}


def no_lanes() -> pd.DataFrame:
    """The frame without rows."""
    return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in KINDS.items()})


def lanes(records: Sequence[Record]) -> pd.DataFrame:
    """A row per epoch of a cohort, in the order of time for each worker; no rows if none were recorded.

    A worker trains one cohort after another: a change of structure, width or command begins the next.
    """
    if not records:
        return no_lanes()
    columns = ("session", "worker", "structure", "width", "used", "started", "seconds")
    frame = pd.DataFrame({name: [record[name] for record in records] for name in columns})
    frame = frame.sort_values(["session", "worker", "started"], kind="stable", ignore_index=True)
    worker = ["session", "worker"]
    changed = (frame[["structure", "width"]] != frame.groupby(worker)[["structure", "width"]].shift()).any(axis=1)
    frame["cohort"] = changed.groupby([frame[name] for name in worker]).cumsum() - 1
    return frame[list(KINDS)].astype(KINDS)
