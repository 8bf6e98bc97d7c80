"""When runs reach their targets."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from dropout_lab.report.frames.by_seed import BySeed, by_seed, run_places
from dropout_lab.report.frames.curve_matrix import CurveMatrix, curve_matrix
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.statistics import Bools, Floats, Ints, kaplan_meier, known_rows, medians


class Arrivals(NamedTuple):
    """For each run with a curve and a target: row of its trial, row in `Frames.runs`, epochs until it reached the
    target or was censored, and which of the two."""

    trial_rows: Ints
    run_rows: Ints
    epochs: Ints
    reached: Bools


def arrivals(frames: Frames, curves: CurveMatrix, targets: Floats) -> Arrivals:
    """Find when runs reached their targets, validation losses per row of `Frames.trials` (NaN: no target).

    A run that was pruned, stopped early or failed before is censored at its last epoch, as if its epochs were over.
    """
    rows, _ = run_places(frames)
    wanted = np.where(rows >= 0, targets[rows], np.nan) if len(targets) else np.full(len(rows), np.nan)
    timed = np.flatnonzero((curves.last > 0) & np.isfinite(wanted))
    with np.errstate(invalid="ignore"):
        there = curves["val_loss"][timed] <= wanted[timed, None]
    reached: Bools = np.asarray(there.any(axis=1), dtype=np.bool_)
    first = there.argmax(axis=1) + 1 if there.size else np.zeros(len(timed), dtype=np.int64)
    return Arrivals(rows[timed], timed, np.where(reached, first, curves.last[timed]).astype(np.int64), reached)


def baseline_targets(values: BySeed) -> Floats:
    """For each row, the target of its context: the median best validation loss of its baseline's complete runs."""
    own = values.of("val_loss", values.baselines)
    targets = np.full(len(own), np.nan)
    some = known_rows(own)
    targets[some] = np.nanmedian(own[some], axis=1)
    return targets


def run_times(frames: Frames) -> pd.DataFrame:
    """For each run with a curve and a target: trial, seed, target, and `epochs` until it `reached` it or was censored.

    The target is that of `baseline_targets`; for censored runs see `arrivals`.
    """
    values = by_seed(frames, ["val_loss"])
    targets = baseline_targets(values)
    found = arrivals(frames, curve_matrix(frames, ["val_loss"]), targets)
    seeds = frames.runs["seed"].to_numpy(dtype=np.int64)[found.run_rows]
    columns = (values.trials[found.trial_rows], seeds, targets[found.trial_rows], found.epochs, found.reached)
    names = ("trial", "seed", "target", "epochs", "reached")
    frame = pd.DataFrame(dict(zip(names, columns, strict=True)))
    return frame.astype({"trial": int, "seed": int, "target": float, "epochs": int, "reached": bool})


def time_to_target(frames: Frames) -> pd.DataFrame:
    """For each trial: `target`, `n_reached` of `n_timed` runs, and the Kaplan-Meier median `epochs_to_target`."""
    times = run_times(frames)
    trials, groups = np.unique(times["trial"].to_numpy(dtype=np.int64), return_inverse=True)
    horizon = int(times["epochs"].max()) if len(times) else 1
    curves = kaplan_meier(groups, times["epochs"].to_numpy(), times["reached"].to_numpy(), len(trials), horizon)
    targets = times.groupby("trial")["target"].first().reindex(trials)
    frame = pd.DataFrame(
        {
            "trial": trials,
            "target": targets.to_numpy(dtype=float),
            "n_reached": curves.arrived.sum(axis=1),
            "n_timed": curves.at_risk[:, 0],
            "epochs_to_target": medians(curves).median,
        }
    )
    return frame.astype({"trial": int, "target": float, "epochs_to_target": float})
