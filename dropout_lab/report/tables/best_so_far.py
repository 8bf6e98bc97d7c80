"""The best value found by the number of trials, and the same for the trials in random order."""

import numpy as np
import pandas as pd

from dropout_lab.report.load import Frames
from dropout_lab.report.names import is_maximised
from dropout_lab.report.statistics import ALPHA, Bools, Floats, Ints
from dropout_lab.report.tables.columns import Columns, made, real, whole
from dropout_lab.report.tables.seeds import run_places

COLUMNS: Columns = {
    "budget": whole("trials so far, in the order of their numbers; failed and pruned ones count"),
    "epochs": whole("epochs trained so far, of all runs of these trials"),
    "trial": whole("number of the last of these trials"),
    "value": real("its mean of the objective over its complete runs; missing if it has no run for every seed"),
    "best": real("best value so far; missing until there is one"),
    "best_trial": real("its trial; missing until there is one"),
    "low": real("best of the same number of trials drawn at random with replacement: 2.5 % quantile over draws"),
    "median": real("the same, median"),
    "high": real("the same, 97.5 % quantile"),
}


def best_so_far(frames: Frames, table: pd.DataFrame, objective: str | None = None) -> pd.DataFrame:
    """A row per trial, in the order of their numbers.

    The band is the bootstrap of the tuning playbook's figure 3 in closed form: the best of k values drawn from N is at
    least as good as the j-th best with probability 1 - (1 - j / N)^k. It describes the same trials in random order, and
    so the luck of the order for a random search only. Late finds of a learning sampler count from the start.
    """
    if table.empty:
        return made(COLUMNS)
    metric = objective or frames.objectives[0]
    sign = -1.0 if is_maximised(metric) else 1.0
    order = table.sort_values("trial", kind="stable")
    values = np.where(order["whole"], sign * order[metric].to_numpy(dtype=np.float64), np.nan)
    rows, _ = run_places(frames)
    spent = np.bincount(rows[rows >= 0], weights=frames.runs["epochs"].to_numpy()[rows >= 0], minlength=len(table))
    places = pd.Index(frames.trials["trial"]).get_indexer(pd.Index(order["trial"]))
    best = np.fmin.accumulate(values)
    filled = np.where(np.isfinite(values), values, np.inf)
    numbers = order["trial"].to_numpy(dtype=np.float64)
    newest = pd.Series(np.where(_strict(filled), numbers, np.nan)).ffill().to_numpy()
    budget = np.arange(1, len(order) + 1)
    finite = np.sort(values[np.isfinite(values)])
    band = {
        name: sign * _quantile(finite, budget, q) for name, q in (("a", ALPHA / 2), ("b", 0.5), ("c", 1 - ALPHA / 2))
    }
    low, high = (band["a"], band["c"]) if sign > 0 else (band["c"], band["a"])
    return made(
        COLUMNS,
        {
            "budget": budget,
            "epochs": spent[places].cumsum().astype(np.int64),
            "trial": order["trial"].to_numpy(),
            "value": sign * values,
            "best": sign * best,
            "best_trial": newest,
            "low": low,
            "median": band["b"],
            "high": high,
        },
    )


def _strict(values: Floats) -> Bools:
    """Whether each value is lower than all before it."""
    before = np.concatenate([[np.inf], np.minimum.accumulate(values)[:-1]])
    return np.asarray(values < before)


def _quantile(ordered: Floats, budget: Ints, level: float) -> Floats:
    """The `level` quantile of the lowest of k draws from `ordered`, for every k of `budget`."""
    count = len(ordered)
    if not count:
        return np.full(len(budget), np.nan)
    place = np.ceil(count * (1 - (1 - level) ** (1 / budget)) - 1e-9).astype(np.int64)
    return np.asarray(ordered[np.clip(place, 1, count) - 1])
