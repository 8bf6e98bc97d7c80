"""The gap between train and validation, at the best and at the last epoch, with the validation value."""

import numpy as np
import pandas as pd

from dropout_lab.report.load import Frames
from dropout_lab.report.names import possible
from dropout_lab.report.statistics import means_of_rows
from dropout_lab.report.tables.columns import TRIAL, Columns, made, real, text, whole
from dropout_lab.report.tables.seeds import by_seed, metrics_of

COLUMNS: Columns = {
    **TRIAL,
    "measure": text("loss (validation minus train, in the unit of the loss) or accuracy (train minus validation, pp)"),
    "epoch": text("best: at the lowest validation loss; last: at the last epoch"),
    "n": whole("complete runs"),
    "gap": real("mean over complete runs; both sides in evaluation mode, with the same weights"),
    "low": real("its 95 % t interval, lower bound"),
    "high": real("its 95 % t interval, upper bound"),
    "difference": real("gap minus that of the baseline, paired by seed"),
    "difference_low": real("its 95 % t interval, lower bound"),
    "difference_high": real("its 95 % t interval, upper bound"),
    "validation": real("mean validation loss or accuracy (a fraction) at that epoch: at rate 1 the gap would be 0"),
    "train": real("mean train loss or accuracy (a fraction) at that epoch"),
}

SIDES = ("train_loss", "val_loss", "train_accuracy", "val_accuracy")


def gaps(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """Up to four rows per configuration, in the order of `table`: loss and accuracy, best and last epoch."""
    names = [f"{name}{suffix}" for name in ("gap_loss", "gap_accuracy", *SIDES) for suffix in ("", "_last")]
    values = by_seed(frames, [name for name in names if name in frames.runs])
    if table.empty:
        return made(COLUMNS)
    rows = values.rows(table["trial"])
    parts = []
    for metric in metrics_of(frames, ("gap_loss", "gap_accuracy")):
        if metric not in ("gap_loss", "gap_accuracy"):
            continue
        measure = metric.removeprefix("gap_")
        for epoch, suffix in (("best", ""), ("last", "_last")):
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
