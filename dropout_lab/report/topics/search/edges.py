"""The best configuration with each value of a setting, and the values at the edge of what was tried."""

import math
from typing import Any

import numpy as np
import pandas as pd

from dropout_lab.report.frames.by_seed import BySeed, by_seed
from dropout_lab.report.frames.column import OBJECTIVE, TRIAL, Columns, made, real, text, truth, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.frames.swept import is_continuous, is_truth, swept
from dropout_lab.report.spelling import is_maximised
from dropout_lab.report.statistics import means_of_rows
from dropout_lab.report.topics.part import Table

CLASSES = 10


COLUMNS: Columns = {
    "setting": text("name of a swept setting"),
    "value": text("its value in the best trial of the row", unit="of the setting"),
    "from_value": real("lower end of the class of values, for numeric settings", unit="of the setting"),
    "to_value": real("its upper end; equal to from_value where a value has a row of its own", unit="of the setting"),
    **TRIAL,
    "n_trials": whole(
        "whole configurations with dropout and this value, among which the best was chosen", unit="trials"
    ),
    "mean": real("its mean objective over seeds", unit=OBJECTIVE),
    "low": real("95 % t interval, lower bound, not corrected for the choice", unit=OBJECTIVE),
    "high": real("95 % t interval, upper bound", unit=OBJECTIVE),
    "best": truth("whether no value of this setting has a better best trial"),
    "edge": text("lower or upper, if the best value is numeric and the lowest or highest that was tried; else empty"),
    "baseline_trial": real("best baseline of all contexts which have the value (for a setting of the dropout: of all)"),
    "n_baselines": whole(
        "whole baselines among which that one was chosen; with fewer than `n_contexts` it is tuned less",
        unit="configurations",
    ),
    "n_contexts": whole("contexts among which the best trial of the row was chosen", unit="contexts"),
    "difference": real("mean objective minus that of the baseline, paired by seed", unit=OBJECTIVE),
    "difference_low": real("95 % t interval, lower bound", unit=OBJECTIVE),
    "difference_high": real("95 % t interval, upper bound", unit=OBJECTIVE),
    "p_holm": real(
        "p of the paired t test, corrected by Holm for all configurations that were tested, as in comparisons; missing "
        "if the trial is compared with another baseline there",
        unit="probability",
    ),
}


def edges(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per swept setting and value (in ten classes for a sampler's values), in the order of the values.

    After the "isolation plots" of Google's tuning playbook: the best trial per value over all other settings, compared
    with the best baseline of the same number of contexts.
    """
    if table.empty:
        return made(COLUMNS)
    objective = frames.objectives[0]
    sign = -1.0 if is_maximised(objective) else 1.0
    whole_ones = table[table["whole"]]
    dropped, baselines = whole_ones[~whole_ones["baseline"]], whole_ones[whole_ones["baseline"]]
    values = by_seed(frames, [objective])
    parts = []
    for setting in swept(frames, dropped):
        classes = _classes(dropped[setting])
        shared = setting in frames.context_parameters and setting in baselines
        found = []
        for label in sorted(classes.unique()):
            among = dropped[classes == label]
            rivals = baselines[baselines["context"].isin(among["context"])] if shared else baselines
            found.append(_row(setting, among, rivals, objective))
        part = pd.DataFrame(found)
        means = sign * part["mean"]
        part["best"] = means == means.min()
        part["edge"] = _edges(part)
        parts.append(_compared(part, table, values, objective))
    return made(COLUMNS, pd.concat(parts, ignore_index=True) if parts else None)


def _classes(values: pd.Series) -> "pd.Series[int]":
    """The rank of each value, or of its class."""
    if is_continuous(values):
        return pd.Series(pd.qcut(values, CLASSES, labels=False, duplicates="drop"), index=values.index)
    numeric = pd.api.types.is_numeric_dtype(values)
    levels = sorted(values.unique()) if numeric else list(dict.fromkeys(values.sort_index()))
    return values.map({level: place for place, level in enumerate(levels)}).astype(int)


def _row(setting: str, among: pd.DataFrame, rivals: pd.DataFrame, objective: str) -> dict[str, Any]:
    best = among.iloc[0]  # the table is ranked
    numeric = pd.api.types.is_numeric_dtype(among[setting]) and not is_truth(among[setting])
    return {
        "setting": setting,
        "value": best[setting],
        "from_value": float(among[setting].min()) if numeric else math.nan,
        "to_value": float(among[setting].max()) if numeric else math.nan,
        "trial": best["trial"],
        "name": best["name"],
        "n_trials": len(among),
        "mean": best[objective],
        "low": best.get(f"{objective}_low", math.nan),
        "high": best.get(f"{objective}_high", math.nan),
        "baseline_trial": math.nan if rivals.empty else float(rivals["trial"].iloc[0]),
        "n_baselines": len(rivals),
        "n_contexts": among["context"].nunique(),
    }


def _edges(part: pd.DataFrame) -> list[str]:
    lowest, highest = part["from_value"].min(), part["to_value"].max()
    several = len(part) > 1
    return [
        "lower" if several and row.best and row.from_value == lowest
        else "upper" if several and row.best and row.to_value == highest
        else ""
        for row in part.itertuples()
    ]  # fmt: skip


def _compared(part: pd.DataFrame, table: pd.DataFrame, values: BySeed, objective: str) -> pd.DataFrame:
    theirs = np.full(len(part), -1, dtype=np.int64)
    has = part["baseline_trial"].notna().to_numpy()
    if has.any():
        theirs[has] = values.rows(part.loc[has, "baseline_trial"].astype(int))
    ours = values.rows(part["trial"])
    found = means_of_rows(values.of(objective, ours) - values.of(objective, theirs))
    corrected = table.set_index("trial")[f"{objective}_p_holm"].reindex(part["trial"]).to_numpy(dtype=float)
    p = np.where(has & (values.against(None)[ours] == theirs), corrected, np.nan)
    return part.assign(difference=found.mean, difference_low=found.low, difference_high=found.high, p_holm=p)


EDGES = Table("edges", edges, COLUMNS)
