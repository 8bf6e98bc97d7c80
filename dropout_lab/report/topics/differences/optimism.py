"""The bias from choosing the best configuration."""

import numpy as np
import pandas as pd

from dropout_lab.report.frames.by_seed import by_seed
from dropout_lab.report.frames.column import METRIC, TRIAL, Columns, made, real, text, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import is_maximised
from dropout_lab.report.statistics import optimism, whole_rows
from dropout_lab.report.topics.part import Table

COLUMNS: Columns = {
    **TRIAL,
    "metric": text("objective it was chosen by"),
    "configurations": whole("whole configurations among which it is the best", unit="configurations"),
    "seeds": whole("seeds", unit="seeds"),
    "value": real("observed mean objective of the chosen configuration", unit=METRIC),
    "optimism": real(
        "estimate of the selection bias, by how much it looks better than it is: bootstrap over seeds, the best of "
        "each resample evaluated on the seeds left out; above 0 if it looks too good; missing with fewer than "
        "four seeds",
        unit=METRIC,
    ),
    "corrected": real("bias-corrected value, which further seeds are expected to show", unit=METRIC),
}


def selection_optimism(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """One row per objective; no rows if no configuration has all seeds. See `COLUMNS`."""
    found = []
    for metric in frames.objectives if len(table) else ():
        values = by_seed(frames, [metric])
        rows = values.rows(table.loc[table["whole"], "trial"])
        rows = rows[whole_rows(values.values[metric][rows])]
        if not len(rows):
            continue
        sign = -1.0 if is_maximised(metric) else 1.0
        matrix = sign * values.values[metric][rows]
        biased = optimism(matrix)
        best = values.trials[rows[int(np.argmin(matrix.mean(axis=1)))]]
        name = table.loc[table["trial"] == best, "name"].iloc[0]
        row = {"trial": best, "name": name, "metric": metric, "configurations": len(rows), "seeds": matrix.shape[1]}
        row |= {"value": sign * biased.chosen, "optimism": biased.optimism, "corrected": sign * biased.corrected}
        found.append(row)
    return made(COLUMNS, pd.DataFrame(found) if found else None)


OPTIMISM = Table("optimism", selection_optimism, COLUMNS)
