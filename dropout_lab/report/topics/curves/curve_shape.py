"""The shape of the curves: onset of overfitting, area between train and validation, and a diagnosis."""

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.curves import HORIZON_TAIL, TOLERANCE
from dropout_lab.core.metrics.metric import LOSS
from dropout_lab.report.frames.by_seed import run_places
from dropout_lab.report.frames.column import TRIAL, Columns, made, real, text, whole
from dropout_lab.report.frames.curve_matrix import curve_matrix
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import difference, value
from dropout_lab.report.statistics import Bools, Floats, Ints, means_of_rows
from dropout_lab.report.topics.cells import count, spread
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.few import rows_of_few
from dropout_lab.report.topics.part import Shown, Table

EARLY = 0.5
"""A run that is within 1 % of its best before this share of its epochs was saturated early."""


DIAGNOSES = ("still improving", "overfitting", "saturated early", "settled")
"""The first rule that holds, by the validation loss as a running median over three epochs, which ignores outliers:

still improving: the best epoch lies in the last tenth of the epochs planned, and the loss there is at least 1 % below
that at the start of the tenth, so that the improvement is more than noise.
overfitting: at the last epoch, the loss is more than 1 % above its minimum.
saturated early: the loss is within 1 % of its minimum before half of the epochs are over.
settled: none of these.
"""


COLUMNS: Columns = {
    **TRIAL,
    "n": whole("complete runs that were not stopped early; others are not judged", unit="runs"),
    "onset": real(
        "epoch at which the validation loss starts to rise, median over runs; infinite if it does not in half of them",
        unit="epochs",
    ),
    "rise": real(
        "mean over runs of the validation loss (median of three epochs) at the last epoch minus its minimum",
        unit=LOSS.described,
    ),
    "area": real(
        "mean over runs of the area between validation and train loss: their difference, summed over epochs",
        unit="of the loss, times epochs",
    ),
    "area_low": real("its 95 % t interval over seeds, lower bound", unit="of the loss, times epochs"),
    "area_high": real("its 95 % t interval over seeds, upper bound", unit="of the loss, times epochs"),
    **{f"n_{name.replace(' ', '_')}": whole(f"runs that are {name}") for name in DIAGNOSES},
    "diagnosis": text("that of most runs; among equals, the first in `DIAGNOSES`"),
}


def curve_shape(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per configuration with a run that trained all its epochs, in the order of `table`; see `COLUMNS`."""
    if table.empty:
        return made(COLUMNS)
    curves = curve_matrix(frames, ["train_loss", "val_loss"])
    rows, seeds = run_places(frames)
    runs = frames.runs
    ended = ((runs["status"] == "complete") & ~runs["stopped_early"]).to_numpy(dtype=bool)
    judged = np.flatnonzero(ended & (rows >= 0) & (curves.last > 0))
    last = curves.last[judged]
    horizon = runs["horizon"].to_numpy(dtype=np.float64, na_value=np.nan)[judged]
    horizon = np.where(np.isfinite(horizon), horizon, last)
    smooth = median_of_three(curves["val_loss"][judged], last)
    onset, rise, kind = shapes(smooth, last, horizon)
    area = np.nansum(curves["val_loss"][judged] - curves["train_loss"][judged], axis=1)

    def matrix(values: Floats) -> Floats:
        spread = np.full((len(frames.trials), len(seeds)), np.nan)
        spread[rows[judged], np.searchsorted(seeds, runs["seed"].to_numpy(dtype=np.int64)[judged])] = values
        return spread

    areas = means_of_rows(matrix(area))
    turned = matrix(onset)
    middle = np.full(len(turned), np.nan)
    some = areas.n > 0
    with np.errstate(invalid="ignore"):  # half of the runs turn and half do not: infinity minus a number
        ordered = np.sort(turned, axis=1)  # NaN last
        middle[some] = ordered[some, (areas.n[some] - 1) // 2]
    counts = np.zeros((len(frames.trials), len(DIAGNOSES)), dtype=np.int64)
    np.add.at(counts, (rows[judged], kind), 1)
    columns = {"n": areas.n, "onset": middle, "rise": means_of_rows(matrix(rise)).mean}
    columns |= {"area": areas.mean, "area_low": areas.low, "area_high": areas.high}
    columns |= {f"n_{name.replace(' ', '_')}": counts[:, place] for place, name in enumerate(DIAGNOSES)}
    columns["diagnosis"] = np.array(DIAGNOSES, dtype=object)[counts.argmax(axis=1)]
    order = pd.Index(frames.trials["trial"]).get_indexer(pd.Index(table["trial"]))
    part = pd.DataFrame({name: column[order] for name, column in columns.items()})
    part = part.assign(trial=table["trial"].to_numpy(), name=table["name"].to_numpy())
    return made(COLUMNS, part[part["n"] > 0])


def median_of_three(losses: Floats, last: Ints) -> Floats:
    """Each epoch's median with its neighbours, runs x epochs; the first and the last epoch (`last`) stay themselves."""
    result = losses.copy()
    if losses.shape[1] >= 3:
        stacked = np.stack([losses[:, :-2], losses[:, 1:-1], losses[:, 2:]])
        inner = np.sort(stacked, axis=0)[1]
        epoch = np.arange(2, losses.shape[1])
        result[:, 1:-1] = np.where(epoch[None, :] < last[:, None], inner, losses[:, 1:-1])
    return result


def shapes(smooth: Floats, last: Ints, horizon: Floats) -> tuple[Floats, Floats, Ints]:
    """Per run: epoch of the turn (infinity for none), rise after it, and the index of its diagnosis."""
    count = len(smooth)
    if not smooth.size:
        return np.zeros(count), np.zeros(count), np.zeros(count, dtype=np.int64)
    known = np.where(np.isfinite(smooth), smooth, np.inf)
    best_place = known.argmin(axis=1)
    best = known[np.arange(count), best_place]
    at_end = known[np.arange(count), last - 1]
    tolerance = TOLERANCE * np.abs(best)
    tail = np.clip(np.floor((1 - HORIZON_TAIL) * horizon).astype(np.int64), 1, last)
    before = known[np.arange(count), tail - 1]
    improving: Bools = (best_place + 1 > (1 - HORIZON_TAIL) * horizon) & (before - best > tolerance)
    rising = at_end > best + tolerance
    early = (known <= (best + tolerance)[:, None]).argmax(axis=1) + 1 <= EARLY * last
    kind = np.select([improving, rising, early], [0, 1, 2], default=3)
    onset = np.where(rising, best_place + 1.0, np.inf)
    return onset, np.asarray(at_end - best), np.asarray(kind, dtype=np.int64)


def _shown(evidence: Evidence) -> Shown:
    rows = [
        [
            row["name"],
            row["diagnosis"],
            count(row["onset"]),
            difference("val_loss", row["rise"]),
            spread(value, "val_loss", row["area"], row["area_low"], row["area_high"]),
        ]
        for row in rows_of_few(evidence, "curve_shape")
    ]
    header = ["configuration", "most runs are", "turns at epoch", "rise since", "area between train and validation"]
    prose = [
        "Turns at epoch: where the validation loss starts to rise, median over runs; ∞ if it does not in half of them.",
        "Rise since: validation loss at the last epoch minus its minimum, mean over runs. Area: validation minus train "
        "loss, summed over the epochs. Runs that were stopped early are left out.",
    ]
    return Shown("Shape of the curves", prose, header, rows)


CURVE_SHAPE = Table("curve_shape", curve_shape, COLUMNS, _shown)
