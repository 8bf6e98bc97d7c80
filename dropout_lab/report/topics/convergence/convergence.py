"""Epochs and seconds to converge: to a run's own best, and to a level that all runs share."""

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.curves import HORIZON_TAIL, TOLERANCE
from dropout_lab.core.metrics.metric import BEST_BY, LOSS
from dropout_lab.report.frames.by_seed import BySeed, by_seed, has_come_somewhere, run_places
from dropout_lab.report.frames.column import TRIAL, Columns, made, real, text, whole
from dropout_lab.report.frames.curve_matrix import curve_matrix
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import duration, number
from dropout_lab.report.statistics import Bools, Floats, Ints, Survival, kaplan_meier, medians, restricted_mean
from dropout_lab.report.topics.cells import count
from dropout_lab.report.topics.convergence.times import Arrivals, arrivals, baseline_targets
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.few import rows_of_few
from dropout_lab.report.topics.part import Shown, Table

COLUMNS: Columns = {
    **TRIAL,
    "definition": text("own_best: within 1 % of the run's own best validation loss; target: the baseline's level"),
    "target": real("validation loss to be reached; missing for own_best", unit=LOSS.described),
    "n": whole("runs with a curve", unit="runs"),
    "n_reached": whole("of these, reached the target; the others are censored at their last epoch", unit="runs"),
    "n_improving": whole(
        "complete runs whose best epoch lies in the last tenth of the epochs planned: their own best is not final",
        unit="runs",
    ),
    "median": real("epochs, Kaplan-Meier median; infinite if fewer than half reached the target", unit="epochs"),
    "median_low": real(
        "its 95 % interval (Brookmeyer-Crowley on the log-log scale), lower bound, epochs", unit="epochs"
    ),
    "median_high": real("its 95 % interval, upper bound, epochs; often infinite from few runs", unit="epochs"),
    "restricted": real("mean epochs to the target, counting at most `horizon`", unit="epochs"),
    "restricted_error": real("its standard error, epochs", unit="epochs"),
    "horizon": whole(
        "epochs up to which the restricted mean counts: the most that any run of the sweep has trained", unit="epochs"
    ),
    "seconds_per_epoch": real("mean over the configuration's runs of seconds / epochs trained", unit="s per epoch"),
    "median_seconds": real("median x seconds_per_epoch", unit="s"),
    "restricted_seconds": real("restricted x seconds_per_epoch", unit="s"),
}


CURVES: Columns = {
    **TRIAL,
    "definition": COLUMNS["definition"],
    "epoch": whole("of the run", unit="epoch, from 1"),
    "surviving": real(
        "share of the runs that have not reached the target after this epoch, Kaplan-Meier", unit="fraction"
    ),
    "low": real(
        "its 95 % interval (Greenwood, log-log), lower bound; missing where the share is 0 or 1", unit="fraction"
    ),
    "high": real("its 95 % interval, upper bound", unit="fraction"),
    "at_risk": whole("runs that trained up to this epoch and had not reached the target before", unit="runs"),
    "arrived": whole("of these, reached the target in this epoch", unit="runs"),
}


def convergence(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """Two rows per configuration that has a run with a curve, in the order of `table`; see `COLUMNS`.

    A run that was pruned, failed, or stopped early never counts as at its own best: it is censored. It counts as having
    reached the shared target if it did so before.
    """
    values, found = _found(frames)
    if table.empty:
        return made(COLUMNS)
    horizon = _horizon(found)
    pace, improving = _pace(frames), _improving(frames)
    order = values.rows(table["trial"])
    parts = []
    for definition, (targets, times) in found.items():
        curves = _survival(times, len(values.trials), horizon)
        middle = medians(curves)
        area, error = restricted_mean(curves, horizon)
        columns = {
            "definition": np.full(len(values.trials), definition, dtype=object),
            "target": targets,
            "n": curves.at_risk[:, 0],
            "n_reached": curves.arrived.sum(axis=1),
            "n_improving": improving,
            "median": middle.median,
            "median_low": middle.low,
            "median_high": middle.high,
            "restricted": area,
            "restricted_error": error,
            "horizon": np.full(len(values.trials), horizon),
            "seconds_per_epoch": pace,
            "median_seconds": middle.median * pace,
            "restricted_seconds": area * pace,
        }
        part = pd.DataFrame({name: column[order] for name, column in columns.items()})
        part = part.assign(trial=table["trial"].to_numpy(), name=table["name"].to_numpy())
        parts.append(part[part["n"] > 0])
    return made(COLUMNS, pd.concat(parts, ignore_index=True))


def survival_curves(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per configuration of `table` (a selection, for a figure), definition and epoch; see `CURVES`."""
    values, found = _found(frames)
    if table.empty:
        return made(CURVES)
    horizon = _horizon(found)
    order = values.rows(table["trial"])
    parts = []
    for definition, (_, times) in found.items():
        curves = _survival(times, len(values.trials), horizon)
        columns = {name: getattr(curves, name)[order].reshape(-1) for name in Survival._fields}
        part = pd.DataFrame(columns).assign(epoch=np.tile(np.arange(1, horizon + 1), len(order)), definition=definition)
        for name in ("trial", "name"):
            part[name] = np.repeat(table[name].to_numpy(), horizon)
        parts.append(part[np.repeat(curves.at_risk[order, 0] > 0, horizon)])
    return made(CURVES, pd.concat(parts, ignore_index=True))


def _found(frames: Frames) -> tuple[BySeed, dict[str, tuple[Floats, Arrivals]]]:
    values = by_seed(frames, ["val_loss"])
    curves = curve_matrix(frames, ["val_loss"])
    targets = baseline_targets(values)
    own = own_best(frames, curves["val_loss"], curves.last)
    return values, {
        "own_best": (np.full(len(targets), np.nan), own),
        "target": (targets, arrivals(frames, curves, targets)),
    }


def own_best(frames: Frames, val_loss: Floats, last: Ints) -> Arrivals:
    """When the runs came within 1 % of their own best validation loss; see `convergence` for censoring."""
    rows, _ = run_places(frames)
    timed = np.flatnonzero((last > 0) & (rows >= 0))
    runs = frames.runs.iloc[timed]
    ended: Bools = ((runs["status"] == "complete") & ~runs["stopped_early"]).to_numpy(dtype=bool)
    losses = val_loss[timed]
    best = np.where(np.isfinite(losses), losses, np.inf).min(axis=1, initial=np.inf, keepdims=True)
    with np.errstate(invalid="ignore"):
        near = losses <= best + TOLERANCE * np.abs(best)
    reached = ended & np.isfinite(best[:, 0])
    first = near.argmax(axis=1) + 1 if near.size else np.zeros(len(timed), dtype=np.int64)
    return Arrivals(rows[timed], timed, np.where(reached, first, last[timed]).astype(np.int64), reached)


def _survival(times: Arrivals, count: int, horizon: int) -> Survival:
    return kaplan_meier(times.trial_rows, times.epochs, times.reached, count, horizon)


def _horizon(found: dict[str, tuple[Floats, Arrivals]]) -> int:
    return max([1, *(int(times.epochs.max(initial=1)) for _, times in found.values())])


def _pace(frames: Frames) -> Floats:
    """Seconds per epoch of each configuration's runs."""
    rows, _ = run_places(frames)
    epochs = frames.runs["epochs"].to_numpy(dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        pace = frames.runs["seconds"].to_numpy(dtype=np.float64, na_value=np.nan) / epochs
        known = np.isfinite(pace) & (rows >= 0)
        total = np.bincount(rows[known], weights=pace[known], minlength=len(frames.trials))
        return np.asarray(total / np.bincount(rows[known], minlength=len(frames.trials)))


def _improving(frames: Frames) -> Ints:
    """Complete runs, per configuration, whose lowest loss lies in the last `HORIZON_TAIL` of the epochs planned."""
    rows, _ = run_places(frames)
    runs = frames.runs
    late = _lowest(frames) > (1 - HORIZON_TAIL) * runs["horizon"].fillna(runs["epochs"])
    counted = ((runs["status"] == "complete") & late).to_numpy(dtype=bool) & (rows >= 0) & has_come_somewhere(runs)
    return np.bincount(rows[counted], minlength=len(frames.trials))


def _lowest(frames: Frames) -> "pd.Series[float]":
    """The epoch with the lowest validation loss of each run; NaN where it is not known."""
    if frames.best_by == BEST_BY:
        return frames.runs["best_epoch"]
    losses = curve_matrix(frames, ["val_loss"])["val_loss"]
    known = np.isfinite(losses).any(axis=1) if losses.size else np.zeros(len(losses), dtype=bool)
    lowest = np.full(len(losses), np.nan)
    lowest[known] = np.nanargmin(losses[known], axis=1) + 1.0
    return pd.Series(lowest, index=frames.runs.index)


def _shown(evidence: Evidence) -> Shown:
    rows = []
    for row in rows_of_few(evidence, "convergence"):
        bounds = "" if pd.isna(row["median_low"]) else f" [{count(row['median_low'])}, {count(row['median_high'])}]"
        rows.append(
            [
                row["name"],
                "its own best" if row["definition"] == "own_best" else f"the baseline's {number(row['target'], 3)}",
                f"{row['n_reached']} of {row['n']}",
                f"{count(row['median'])}{bounds}",
                number(row["restricted"], 3),
                duration(row["restricted_seconds"]),
                f"{row['n_improving']}" if row["n_improving"] else "",
            ]
        )
    header = ["configuration", "target", "runs that reach it", "median epochs", "mean epochs", "mean time"]
    prose = [
        "Median: Kaplan-Meier, with its 95 % interval. Mean: restricted; a run that never reaches the target counts "
        "with all its epochs. Still improving: runs whose best epoch lies in the last tenth, so their own best is not "
        "final."
    ]
    return Shown("Epochs and time to converge", prose, [*header, "still improving"], rows)


CONVERGENCE = Table("convergence", convergence, COLUMNS, _shown)
