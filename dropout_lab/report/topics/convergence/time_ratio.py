"""Epochs relative to no dropout, as a function of the target: the usual "2 to 3 times" is a point of this curve."""

import numpy as np
import pandas as pd
from scipy.special import ndtri

from dropout_lab.core.metrics.metric import LOSS
from dropout_lab.report.frames.by_seed import BySeed, by_seed, run_places
from dropout_lab.report.frames.column import TRIAL, Columns, made, real, truth, whole
from dropout_lab.report.frames.curve_matrix import CurveMatrix, curve_matrix
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import number
from dropout_lab.report.statistics import LEVEL, Floats, kaplan_meier, known_rows, medians, restricted_mean
from dropout_lab.report.topics.cells import spread
from dropout_lab.report.topics.convergence.times import arrivals, baseline_targets
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Shown, Table

PROGRESS = (0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 1.0)
"""Shares of the baseline's improvement from its first epoch to its best."""


HONEST = 40
"""With fewer runs, the interval of the ratio of restricted means is too narrow, see `statistics.restricted_mean`."""


COLUMNS: Columns = {
    **TRIAL,
    "progress": real(
        "target as a share of the baseline's improvement from its first epoch (0) to its own best (1)", unit="fraction"
    ),
    "target": real("validation loss to be reached", unit=LOSS.described),
    "n": whole("the configuration's runs with a curve", unit="runs"),
    "n_reached": whole("of these, reached the target", unit="runs"),
    "baseline_n": whole("the baseline's runs with a curve", unit="runs"),
    "baseline_n_reached": whole("of these, reached the target", unit="runs"),
    "median": real("epochs to the target, Kaplan-Meier; infinite if fewer than half reached it", unit="epochs"),
    "baseline_median": real("the same for the baseline", unit="epochs"),
    "ratio": real("median / baseline_median; missing unless both are finite", unit="times"),
    "ratio_least": real(
        "if the configuration's median is infinite: the ratio is above this, horizon / baseline_median",
        unit="times",
    ),
    "ratio_most": real("if the baseline's median is infinite: the ratio is below this, median / horizon", unit="times"),
    "restricted_ratio": real(
        "ratio of the restricted means up to the horizon, which exists if both have runs", unit="times"
    ),
    "restricted_low": real(
        "its 95 % interval (delta method on the log, the two taken as independent), lower bound", unit="times"
    ),
    "restricted_high": real("its 95 % interval, upper bound", unit="times"),
    "restricted_honest": truth(
        f"whether both have at least {HONEST} runs, where the interval has nearly nominal coverage; with fewer it "
        "is rough and too narrow: with 3, 5 and 10 runs it covers 81, 88 and 93 of 100 times"
    ),
}


def time_ratio(frames: Frames, table: pd.DataFrame, progress: tuple[float, ...] = PROGRESS) -> pd.DataFrame:
    """A row per configuration with dropout and target, in the order of `table`; no rows without a baseline.

    The targets of a context lie between two medians over its baseline's seeds: of the validation loss after the first
    epoch, and of the best. Read the counts with the ratio of medians, which can be below 1 if only the best runs reach
    the target.
    """
    values = by_seed(frames, ["val_loss"])
    curves = curve_matrix(frames, ["val_loss"])
    if table.empty:
        return made(COLUMNS)
    best, first = baseline_targets(values), _first_losses(frames, values, curves)
    order = values.rows(table["trial"])
    dropped = values.baselines != np.arange(len(values.trials))
    shown = np.flatnonzero(np.isfinite(best[order]) & np.isfinite(first[order]) & dropped[order])
    rows = order[shown]
    theirs = values.baselines[rows]
    horizon = max(1, curves.epochs)
    parts = []
    for share in progress:
        targets = first + share * (best - first)
        times = arrivals(frames, curves, targets)
        found = kaplan_meier(times.trial_rows, times.epochs, times.reached, len(values.trials), horizon)
        median, (area, error) = medians(found).median, restricted_mean(found, horizon)
        n, reached = found.at_risk[:, 0], found.arrived.sum(axis=1)
        columns = {
            "trial": table["trial"].to_numpy()[shown],
            "name": table["name"].to_numpy()[shown],
            "progress": np.full(len(rows), share),
            "target": targets[rows],
            "n": n[rows],
            "n_reached": reached[rows],
            "baseline_n": n[theirs],
            "baseline_n_reached": reached[theirs],
            "median": median[rows],
            "baseline_median": median[theirs],
        }
        columns |= _ratios(median[rows], median[theirs], horizon)
        columns["restricted_honest"] = (n[rows] >= HONEST) & (n[theirs] >= HONEST)
        columns |= _restricted(area[rows], error[rows], area[theirs], error[theirs])
        parts.append(pd.DataFrame(columns))
    found_rows = pd.concat(parts, ignore_index=True)
    found_rows = found_rows[found_rows["n"] > 0]
    place = pd.Series(np.arange(len(table)), index=table["trial"])
    return made(COLUMNS, found_rows.iloc[np.argsort(place[found_rows["trial"]].to_numpy(), kind="stable")])


def _first_losses(frames: Frames, values: BySeed, curves: CurveMatrix) -> Floats:
    """For each row, the median over its baseline's runs of the validation loss after one epoch."""
    rows, seeds = run_places(frames)
    matrix = np.full((len(values.trials), len(seeds)), np.nan)
    if curves.epochs:
        columns = np.searchsorted(seeds, frames.runs["seed"].to_numpy(dtype=np.int64))
        matrix[rows[rows >= 0], columns[rows >= 0]] = curves["val_loss"][rows >= 0, 0]
    result = np.full(len(values.trials), np.nan)
    own = np.where(values.baselines[:, None] < 0, np.nan, matrix[values.baselines]) if len(matrix) else matrix
    some = known_rows(own)
    result[some] = np.nanmedian(own[some], axis=1)
    return result


def _ratios(ours: Floats, theirs: Floats, horizon: int) -> dict[str, Floats]:
    with np.errstate(divide="ignore", invalid="ignore"):
        ours_there, theirs_there = np.isfinite(ours), np.isfinite(theirs)
        return {
            "ratio": np.where(ours_there & theirs_there, ours / theirs, np.nan),
            "ratio_least": np.where(np.isposinf(ours) & theirs_there, horizon / theirs, np.nan),
            "ratio_most": np.where(ours_there & np.isposinf(theirs), ours / horizon, np.nan),
        }


def _restricted(ours: Floats, error: Floats, theirs: Floats, their_error: Floats) -> dict[str, Floats]:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = ours / theirs
        # If all runs of one arrive at the same epoch, it shows no spread, and only that of the other counts.
        spread = np.sqrt((np.nan_to_num(error) / ours) ** 2 + (np.nan_to_num(their_error) / theirs) ** 2)
        spread = np.where(np.isfinite(error) | np.isfinite(their_error), spread, np.nan)
        factor = np.exp(float(ndtri(0.5 + LEVEL / 2)) * spread)
    return {"restricted_ratio": ratio, "restricted_low": ratio / factor, "restricted_high": ratio * factor}


def _shown(evidence: Evidence) -> Shown:
    rows = [
        [
            f"{100 * row['progress']:g} %",
            number(row["target"], 3),
            f"{row['n_reached']} of {row['n']}",
            f"{row['baseline_n_reached']} of {row['baseline_n']}",
            number(row["ratio"], 3),
            spread(lambda _, x: number(x, 3), "", *(row[f"restricted_{end}"] for end in ("ratio", "low", "high"))),
        ]
        for _, row in evidence.rows("time_ratio", evidence.choice.best).iterrows()
    ]
    header = ["share of the baseline's improvement", "validation loss", "runs that reach it", "baseline runs"]
    prose = [
        "The chosen configuration. Ratio of means: restricted means, in which a run that never gets there counts with "
        "all its epochs."
    ]
    return Shown("Epochs relative to no dropout", prose, [*header, "ratio of medians", "ratio of means"], rows)


TIME_RATIO = Table("time_ratio", time_ratio, COLUMNS, _shown)
