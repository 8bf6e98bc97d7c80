"""Lanes in use over time."""

import numpy as np
import pandas as pd

from dropout_lab.report.load import Frames

WORKERS = 4
"""Workers that are drawn, the first ones."""

SLICES = 400
"""Slices per worker, roughly at most; neighbouring epochs of a cohort are merged into one."""


def occupancy(frames: Frames) -> pd.DataFrame:
    """A row per slice of time of a cohort: session, worker, cohort, begin, end, lanes, used.

    `begin` and `end`: seconds of training since the first epoch of the sweep, without the time between commands. A
    slice ends where the next of its cohort begins. `used`: lanes that trained, mean over the slice's time, which
    includes the time between its epochs, in which no lane trains.
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
