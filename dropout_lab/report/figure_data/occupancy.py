"""How many lanes trained, over time."""

import numpy as np
import pandas as pd

from dropout_lab.report.load import Frames

WORKERS = 4
"""So many workers, the first, are drawn."""

SLICES = 400
"""Of a worker, at about most: neighbouring epochs of a cohort are drawn as one."""


def occupancy(frames: Frames) -> pd.DataFrame:
    """A row per slice of time of a cohort: session, worker, cohort, begin, end, lanes, used.

    `begin` and `end` are seconds of training since the first epoch of the sweep; the time between two commands is left
    out. A slice ends where the next of its cohort begins. `used`: lanes that trained, mean over the slice's time, with
    that between its epochs, in which none does.
    """
    lanes = frames.lanes[frames.lanes["worker"] < WORKERS]
    lanes = lanes.assign(end=lanes["started"] + lanes["seconds"], spent=lanes["used"] * lanes["seconds"])
    worker = lanes.groupby(["session", "worker", "cohort"])
    size = max(1, -(-int(lanes.groupby("worker").size().max()) // SLICES)) if len(lanes) else 1
    lanes["slice"] = worker.cumcount() // size
    found = lanes.groupby(["session", "worker", "cohort", "slice"], as_index=False).agg(
        begin=("started", "min"), end=("end", "max"), lanes=("width", "first"), used=("spent", "sum")
    )
    following = found.groupby(["session", "worker", "cohort"])["begin"].shift(-1)
    found["end"] = following.fillna(found["end"])
    found["used"] /= np.maximum(found["end"] - found["begin"], 1e-9)
    sessions = found.groupby("session").agg(begin=("begin", "min"), end=("end", "max"))
    before = (sessions["end"] - sessions["begin"]).cumsum().shift(fill_value=0.0)
    shift = (before - sessions["begin"]).reindex(found["session"]).to_numpy()
    found["begin"] += shift
    found["end"] += shift
    return found.drop(columns="slice")
