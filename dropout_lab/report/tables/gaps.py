"""The gap between train and validation, at the best and at the last epoch, with the validation value."""

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.lookup import LAST
from dropout_lab.report.load import Frames
from dropout_lab.report.names import possible
from dropout_lab.report.statistics import means_of_rows
from dropout_lab.report.tables.columns import TRIAL, Columns, made, real, text, whole
from dropout_lab.report.tables.seeds import by_seed

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
