"""The bias from the best epoch: a minimum over epochs favours curves that jump."""

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.metric import BEST_BY, LOSS
from dropout_lab.report.frames.by_seed import by_seed, run_places
from dropout_lab.report.frames.column import TRIAL, Columns, made, real, whole
from dropout_lab.report.frames.curve_matrix import curve_matrix
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.statistics import Floats, means_of_rows
from dropout_lab.report.topics.part import Table

COLUMNS: Columns = {
    **TRIAL,
    "n": whole("complete runs with a curve", unit="runs"),
    "val_loss": real("mean over these runs of the validation loss at each run's own best epoch", unit=LOSS.described),
    "at_others_epoch": real(
        "mean over these runs of the validation loss at the epoch with the lowest mean loss over the other seeds",
        unit=LOSS.described,
    ),
    "bias": real(
        "at_others_epoch minus val_loss: an upper bound of how much choosing the best epoch by the validation part "
        "flatters, because the best epoch may really differ between seeds",
        unit=LOSS.described,
    ),
    "difference": real(
        "at_others_epoch minus that of the baseline (or the reference), paired by seed", unit=LOSS.described
    ),
    "difference_low": real("its 95 % t interval, lower bound", unit=LOSS.described),
    "difference_high": real("its 95 % t interval, upper bound", unit=LOSS.described),
}


def best_epoch(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per configuration with two or more complete runs that have curves, in the order of `table`.

    Without rows where the best epoch was not chosen by the validation loss.
    """
    if table.empty or frames.curves.empty or frames.best_by != BEST_BY:
        return made(COLUMNS)
    values = by_seed(frames, ["val_loss"])
    rows, seeds = run_places(frames)
    complete = np.flatnonzero((frames.runs["status"] == "complete").to_numpy(dtype=bool) & (rows >= 0))
    columns = np.searchsorted(seeds, frames.runs["seed"].to_numpy(dtype=np.int64))
    curves = curve_matrix(frames, ["val_loss"])["val_loss"]
    owners = rows[complete]
    own, other = (np.full((len(values.trials), len(seeds)), np.nan) for _ in range(2))
    for place in np.unique(owners):
        runs = complete[owners == place]
        if len(runs) > 1:
            own[place, columns[runs]], other[place, columns[runs]] = minima(curves[runs])
    against = values.against(None)
    theirs = np.where(against[:, None] < 0, np.nan, other[against])
    order = values.rows(table["trial"])
    mine, flattered, off = (means_of_rows(part[order]) for part in (other, own, other - theirs))
    part = pd.DataFrame(
        {
            "trial": table["trial"].to_numpy(),
            "name": table["name"].to_numpy(),
            "n": mine.n,
            "val_loss": flattered.mean,
            "at_others_epoch": mine.mean,
            "bias": mine.mean - flattered.mean,
            "difference": off.mean,
            "difference_low": off.low,
            "difference_high": off.high,
        }
    )
    return made(COLUMNS, part[part["n"] > 1])


def minima(curves: Floats) -> tuple[Floats, Floats]:
    """Each run's minimum, and its value at the epoch with the lowest mean of the other runs; runs x epochs.

    Only epochs that all runs have count for the latter; it is NaN without one.
    """
    own = np.nanmin(np.where(np.isfinite(curves), curves, np.inf), axis=1)
    shared = curves[:, np.isfinite(curves).all(axis=0)]
    if not shared.shape[1]:
        return own, np.full(len(curves), np.nan)
    others = (shared.sum(axis=0) - shared) / (len(curves) - 1)
    return own, shared[np.arange(len(curves)), others.argmin(axis=1)]


BEST_EPOCH = Table("best_epoch", best_epoch, COLUMNS)
