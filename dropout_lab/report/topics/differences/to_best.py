"""Every configuration compared with the chosen one."""

import pandas as pd

from dropout_lab.report.frames.by_seed import by_seed
from dropout_lab.report.frames.column import Columns, made, real
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import is_maximised
from dropout_lab.report.statistics import best_set
from dropout_lab.report.topics.differences.comparisons import COLUMNS, comparisons
from dropout_lab.report.topics.part import Table

TO_BEST: Columns = {
    **COLUMNS,
    "p_best": real(
        "p that this is the best: one-sided p of the paired t test times the number of other configurations with all "
        "seeds, which accounts for choosing the best by the same seeds. Configurations with 0.05 or more, together "
        "with the best, form a 95 % confidence set for the best; missing without all seeds",
        unit="probability",
    ),
}


def to_best(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """Every configuration compared with the chosen one in the objective: equivalent ones, and possibly best ones."""
    if table.empty or not table["whole"].iloc[0]:
        return made(TO_BEST)
    objective = frames.objectives[0]
    beside = comparisons(frames, table, baseline=int(table["trial"].iloc[0]), metrics=[objective])
    whole = table.loc[table["whole"], "trial"]
    values = by_seed(frames, [objective])
    matrix = values.values[objective][values.rows(whole)]
    p = pd.Series(best_set(-matrix if is_maximised(objective) else matrix).p, index=whole)
    return made(TO_BEST, beside.assign(p_best=p.reindex(beside["trial"]).to_numpy()))


BEST = Table("to_best", to_best, TO_BEST)
