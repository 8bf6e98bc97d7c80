"""The gap between train and validation, at the best and at the last epoch, with the validation value."""

from typing import Any

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.lookup import LAST
from dropout_lab.report.frames.by_seed import by_seed
from dropout_lab.report.frames.column import TRIAL, Columns, made, real, text, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import difference, possible, value
from dropout_lab.report.statistics import means_of_rows
from dropout_lab.report.topics.cells import of_row, spread
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.few import few
from dropout_lab.report.topics.part import Shown, Table

COLUMNS: Columns = {
    **TRIAL,
    "measure": text(
        "loss (validation minus train, in the unit of the loss) or accuracy (train minus validation, a fraction)"
    ),
    "epoch": text("best: at the lowest validation loss; last: at the last epoch"),
    "n": whole("complete runs", unit="runs"),
    "gap": real("mean over complete runs; both sides in evaluation mode, with the same weights", unit="of the measure"),
    "low": real("its 95 % t interval, lower bound", unit="of the measure"),
    "high": real("its 95 % t interval, upper bound", unit="of the measure"),
    "difference": real("gap minus that of the baseline, paired by seed", unit="of the measure"),
    "difference_low": real("its 95 % t interval, lower bound", unit="of the measure"),
    "difference_high": real("its 95 % t interval, upper bound", unit="of the measure"),
    "validation": real(
        "mean validation loss or accuracy (a fraction) at that epoch: at rate 1 the gap would be 0",
        unit="of the measure",
    ),
    "train": real("mean train loss or accuracy (a fraction) at that epoch", unit="of the measure"),
}


MEASURES = ("loss", "accuracy")
"""What a gap is measured in; a regression has the loss alone."""


def gaps(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """Up to four rows per configuration, in the order of `table`: loss and accuracy, best and last epoch."""
    names = [f"{side}_{measure}{end}" for measure in MEASURES for side in ("gap", "train", "val") for end in ("", LAST)]
    values = by_seed(frames, [name for name in names if name in frames.runs])
    if table.empty:
        return made(COLUMNS)
    rows = values.rows(table["trial"])
    parts = []
    for measure in MEASURES if frames.is_classification else MEASURES[:1]:
        metric = f"gap_{measure}"
        for epoch, suffix in (("best", ""), ("last", LAST)):
            own = means_of_rows(values.values[metric + suffix][rows]).within(*possible(metric))
            off = means_of_rows(values.differences(metric + suffix)[rows])
            columns = {"trial": table["trial"], "name": table["name"], "measure": measure, "epoch": epoch}
            columns |= {"n": own.n, "gap": own.mean, "low": own.low, "high": own.high}
            columns |= {"difference": off.mean, "difference_low": off.low, "difference_high": off.high}
            for side, name in (("validation", "val"), ("train", "train")):
                columns[side] = means_of_rows(values.values[f"{name}_{measure}{suffix}"][rows]).mean
            parts.append(pd.DataFrame(columns))
    found = pd.concat(parts, ignore_index=True)
    return made(COLUMNS, found[np.asarray(found["n"] > 0)])


def _shown(evidence: Evidence) -> Shown:
    found = evidence.tables["gaps"].to_dict("records")
    table: dict[Any, dict[Any, Any]] = {(row["trial"], row["measure"], row["epoch"]): row for row in found}
    kinds = MEASURES if evidence.is_class else MEASURES[:1]
    header = ["configuration", "train loss", "validation loss", "gap in loss"]
    header += [f"difference from {evidence.reference_name}", "at the last epoch"]
    header += [f"gap in {kind}" for kind in kinds[1:]]
    rows = []
    for trial in (trial for trial in few(evidence) if (trial, "loss", "best") in table):
        best, last = (pd.Series(table[trial, "loss", epoch]) for epoch in ("best", "last"))
        cells = [str(best["name"]), value("train_loss", best["train"]), value("val_loss", best["validation"])]
        cells += [_gap("loss", best), of_row(difference, "gap_loss", best, "difference"), _gap("loss", last)]
        rows.append([*cells, *(_gap(kind, pd.Series(table[trial, kind, "best"])) for kind in kinds[1:])])
    prose = [
        "At the best epoch, with dropout off on both sides. Read the gap together with the validation loss: a network "
        "that learns nothing has no gap, and at rate 1 it would be 0."
    ]
    return Shown("Train, validation and gap", prose, header, rows)


def _gap(kind: str, row: "pd.Series[Any]") -> str:
    return spread(value, f"gap_{kind}", row["gap"], row["low"], row["high"])


GAPS = Table("gaps", gaps, COLUMNS, _shown)
