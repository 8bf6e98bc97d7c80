"""Every configuration compared with the chosen one."""

import pandas as pd

from dropout_lab.report.frames.column import Columns, made, real
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.topics.choice import p_best
from dropout_lab.report.topics.differences.comparisons import COLUMNS, comparisons
from dropout_lab.report.topics.part import Table

TO_BEST: Columns = {
    **COLUMNS,
    "p_best": real(
        "p that this is the best: the paired t test against the best, times the number of other configurations with "
        "all seeds, which accounts for choosing the best by the same seeds; or, if it is lower, p_holm of comparisons, "
        "where that shows it to be worse than the reference. For the reference of the best: p_holm of the best. "
        "Configurations with 0.05 or more, together with the best, form a 95 % confidence set for the best "
        "configuration; missing without all seeds",
        unit="probability",
    ),
}


def to_best(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """Every configuration compared with the chosen one in the objective: equivalent ones, and possibly best ones."""
    if table.empty or not table["whole"].iloc[0]:
        return made(TO_BEST)
    best = int(table["trial"].iloc[0])
    beside = comparisons(frames, table, baseline=best, metrics=[frames.objectives[0]])
    p = p_best(frames, table)
    return made(TO_BEST, beside.assign(p_best=p.reindex(beside["trial"]).to_numpy()))


BEST = Table("to_best", to_best, TO_BEST)
