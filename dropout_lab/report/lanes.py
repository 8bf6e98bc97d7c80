"""The records of how lanes were used, as a frame."""

from collections.abc import Sequence

import pandas as pd

from dropout_lab.records.fields import Record

KINDS = {"session": int, "worker": int, "cohort": int, "width": int, "used": int, "started": float, "seconds": float}


def no_lanes() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in KINDS.items()})


def lanes(records: Sequence[Record]) -> pd.DataFrame:
    """A row per epoch of a cohort, each worker's in the order of time; without rows where none were recorded.

    A worker trains one cohort after the other: where structure, width or command change, another begins.
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
