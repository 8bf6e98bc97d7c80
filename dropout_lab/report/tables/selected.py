"""The chosen configuration: the bias from choosing it, and the certainty of the choice."""

from typing import Any

import numpy as np
import pandas as pd

from dropout_lab.report.load import Frames
from dropout_lab.report.names import is_maximised, possible
from dropout_lab.report.statistics import Floats, Ints, best_set, best_setting, means_of_rows, optimism, whole_rows
from dropout_lab.report.tables.columns import TRIAL, Columns, made, real, text, truth, whole
from dropout_lab.report.tables.seeds import BySeed, by_seed

OPTIMISM: Columns = {
    **TRIAL,
    "metric": text("objective it was chosen by"),
    "test_metric": text("the same metric on the test data, which played no part in selection; empty if there is none"),
    "configurations": whole("whole configurations among which it is the best"),
    "seeds": whole("seeds"),
    "value": real("observed mean objective of the chosen configuration"),
    "optimism": real(
        "estimate of the selection bias, by how much it looks better than it is: bootstrap over seeds, the best of "
        "each resample evaluated on the seeds left out; above 0 if it looks too good"
    ),
    "corrected": real("bias-corrected value, which further seeds are expected to show"),
    "test": real("mean test metric of the chosen configuration"),
    "test_low": real("95 % t interval over seeds, cut to the possible range of a mean, lower bound"),
    "test_high": real("95 % t interval, upper bound"),
    "test_difference": real("mean of the test metric minus that of the baseline (or the reference), paired by seed"),
    "test_difference_low": real("95 % t interval, lower bound"),
    "test_difference_high": real("95 % t interval, upper bound"),
}

RATES: Columns = {
    "metric": text("objective"),
    "placement": text("placement, or empty for all of them"),
    "rate": real("a rate that was tried; 0 is the baseline of the same context"),
    "configurations": whole("whole configurations with this rate"),
    "mean": real("mean objective of the best of them"),
    "share": real("share of the resamples of the seeds in which the best configuration has this rate"),
    "best": truth("whether the best configuration has this rate"),
    "inside": truth(
        "whether it lies in the 95 % interval of the best rate: from the 2.5 % to the 97.5 % quantile of the "
        "best rate over resamples"
    ),
    "flat": truth(
        "whether a configuration of this rate is statistically indistinguishable from the best (see p_best of to_best; "
        "here among those of the row's placement): a 95 % confidence set for the best rate"
    ),
    "difference": real("mean of the best of this rate minus the best of all, paired by seed"),
    "difference_low": real("its lower bound, which holds with 95 % and accounts for the choice of the best of all"),
    "difference_high": real("its upper bound, likewise"),
}

FEW = 200
"""More rates than this come from a sampler and are rounded to two digits, because no two trials share one."""


def selection_optimism(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """One row per objective; no rows if no configuration has all seeds. See `OPTIMISM`."""
    if table.empty or not table["whole"].any():
        return made(OPTIMISM)
    found = []
    for metric in frames.objectives:
        test = metric.replace("val_", "test_")
        test = test if test != metric and test in frames.runs else ""
        values = by_seed(frames, [metric, *([test] if test else [])])
        sign, rows, matrix = _matrix(values, table, metric)
        if not len(rows):
            continue
        biased = optimism(matrix)
        best = rows[matrix.mean(axis=1).argmin()]
        row: dict[str, Any] = {"trial": values.trials[best], "metric": metric, "test_metric": test}
        row["name"] = table.loc[table["trial"] == values.trials[best], "name"].iloc[0]
        row |= {"configurations": len(rows), "seeds": matrix.shape[1], "value": sign * biased.chosen}
        row |= {"optimism": biased.optimism, "corrected": sign * biased.corrected}
        one = np.array([best])
        own = means_of_rows(values.of(test, one) if test else np.full((1, 1), np.nan)).within(*possible(test))
        off = means_of_rows(values.differences(test)[one]) if test else own
        row |= {"test": own.mean[0], "test_low": own.low[0], "test_high": own.high[0]}
        row |= {"test_difference": off.mean[0], "test_difference_low": off.low[0], "test_difference_high": off.high[0]}
        found.append(row)
    return made(OPTIMISM, pd.DataFrame(found) if found else None)


def best_rates(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """The certainty of the best rate: a row per rate, over all placements and for each, in the context of the best.

    The seeds of the whole sweep are resampled together, and the best configuration is chosen anew each time. The
    baseline stands for rate 0 of every placement. Configurations whose sites have their own rates have no row.
    """
    objective = frames.objectives[0]
    if table.empty or not table["whole"].any():
        return made(RATES)
    kept = table[table["whole"] & (table["context"] == table["context"].iloc[0])]
    kept = kept.assign(rate=np.where(kept["baseline"], 0.0, kept["rate"].astype(float)))
    kept = kept[kept["rate"].notna()]
    if kept["rate"].nunique() > FEW:
        kept = kept.assign(rate=kept["rate"].round(2))
    placements = list(dict.fromkeys(kept.loc[~kept["baseline"], "placement"].dropna()))
    values = by_seed(frames, [objective])
    parts = []
    for placement in ["", *placements] if placements else []:
        part = kept if placement == "" else kept[kept["baseline"] | (kept["placement"] == placement)]
        sign, rows, matrix = _matrix(values, part, objective)
        if len(rows):
            rates = part.set_index("trial")["rate"].reindex(values.trials[rows]).to_numpy(dtype=float)
            parts.append(_rates(matrix, rates, sign).assign(metric=objective, placement=placement))
    return made(RATES, pd.concat(parts, ignore_index=True) if parts else None)


def _rates(matrix: Floats, rates: Floats, sign: float) -> pd.DataFrame:
    found = best_setting(matrix, rates)
    means = matrix.mean(axis=1)
    order = np.lexsort([means, rates])
    first = order[np.unique(rates[order], return_index=True)[1]]
    off = best_set(matrix)
    best = found.levels == found.best
    columns: dict[str, Any] = {"rate": found.levels, "configurations": np.unique(rates, return_counts=True)[1]}
    columns |= {"mean": sign * means[first], "share": found.share, "best": best}
    columns["inside"] = (found.levels >= found.low) & (found.levels <= found.high)
    columns["flat"] = np.isin(found.levels, rates[off.may_be])
    mean, low, high = sign * off.mean[first], *((off.low, off.high) if sign > 0 else (-off.high, -off.low))
    return pd.DataFrame({**columns, "difference": mean, "difference_low": low[first], "difference_high": high[first]})


def _matrix(values: BySeed, table: pd.DataFrame, metric: str) -> tuple[float, Ints, Floats]:
    """The sign that makes lower better, the rows of whole configurations, and their values with that sign."""
    rows = values.rows(table.loc[table["whole"], "trial"])
    matrix = values.values[metric][rows]
    known = whole_rows(matrix)
    sign = -1.0 if is_maximised(metric) else 1.0
    return sign, rows[known], sign * matrix[known]
