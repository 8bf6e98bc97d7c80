"""The rates that may be the best."""

import numpy as np
import pandas as pd

from dropout_lab.report.frames.by_seed import by_seed
from dropout_lab.report.frames.column import OBJECTIVE, Columns, made, real, truth, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import difference, is_maximised, setting, title, value
from dropout_lab.report.statistics import ALPHA, best_set, whole_rows
from dropout_lab.report.topics.cells import of_row
from dropout_lab.report.topics.choice import p_best
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.few import ROWS
from dropout_lab.report.topics.part import Shown, Table

COLUMNS: Columns = {
    "rate": real("a rate that was tried; 0 is no dropout", unit="probability of dropping"),
    "configurations": whole("whole configurations with this rate in the context of the best", unit="configurations"),
    "mean": real("mean objective of the best of them", unit=OBJECTIVE),
    "best": truth("whether the best configuration has this rate"),
    "in_set": truth("whether one of them is in the 95 % confidence set for the best configuration, see to_best"),
    "difference": real("mean of the best of this rate minus the best of all, paired by seed", unit=OBJECTIVE),
    "difference_low": real(
        "its lower bound, which holds with 95 % and accounts for the choice of the best of all", unit=OBJECTIVE
    ),
    "difference_high": real("its upper bound, likewise", unit=OBJECTIVE),
}

FEW = 200
"""More rates than this come from a sampler and are rounded to two digits, because no two trials share one."""


def best_rates(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per rate, in the context of the best; the set is that of all configurations, see `to_best`.

    The baseline stands for rate 0 of every placement. Configurations whose sites have their own rates have no row.
    """
    objective = frames.objectives[0]
    kept = table[table["whole"]] if len(table) else table
    if kept.empty or kept["placement"].isna().all():
        return made(COLUMNS)
    values = by_seed(frames, [objective])
    matrix = values.values[objective][values.rows(kept["trial"])]
    known = whole_rows(matrix)
    kept, sign = kept[known], -1.0 if is_maximised(objective) else 1.0
    found = best_set(sign * matrix[known], alpha=ALPHA / 2)
    may_be = ~(p_best(frames, table).loc[kept["trial"]].to_numpy(dtype=float) < ALPHA)
    may_be[0] = True  # the table is ranked
    rate = np.where(kept["baseline"], 0.0, kept["rate"].astype(float))
    if len(np.unique(rate[np.isfinite(rate)])) > FEW:
        rate = rate.round(2)
    low, high = (found.low, found.high) if sign > 0 else (-found.high, -found.low)
    rows = kept.assign(
        rate=rate, mean=kept[objective], in_set=may_be, difference=sign * found.mean,
        difference_low=low, difference_high=high,
    )  # fmt: skip
    rows = rows[(rows["context"] == kept["context"].iloc[0]) & rows["rate"].notna()]
    if rows.empty:
        return made(COLUMNS)
    groups = rows.groupby("rate", sort=True)
    columns = groups[["mean", "difference", "difference_low", "difference_high"]].first()  # the table is ranked
    columns = columns.assign(configurations=groups.size(), in_set=groups["in_set"].any())
    columns["best"] = columns.index == rate[0]
    return made(COLUMNS, columns.reset_index())


def _shown(evidence: Evidence) -> Shown:
    metric, table = evidence.objective, evidence.tables["best_rates"]
    rows = [
        [
            setting(float(row["rate"])),
            str(row["configurations"]),
            value(metric, row["mean"]),
            "best" if row["best"] else of_row(difference, metric, row, "difference"),
            "yes" if row["in_set"] else "no",
        ]
        for _, row in table.iterrows()
    ]
    kept = rows if len(rows) <= 2 * ROWS else [row for row in rows if row[-1] == "yes"][: 2 * ROWS]
    header = ["rate", "configurations", f"{title(metric)} of the best", "difference from the best", "may be the best"]
    prose = [
        "The best configuration with each rate, compared with the best of all. A rate may be the best if one of its "
        "configurations is in the 95 % confidence set. The bounds account for the choice of the best."
    ]
    return Shown("Rates", prose, header, kept)


BEST_RATES = Table("best_rates", best_rates, COLUMNS, _shown)
