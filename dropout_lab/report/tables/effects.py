"""Main effects of the swept settings, and interactions of two."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.lookup import compared_names
from dropout_lab.core.metrics.table import METRICS
from dropout_lab.report.load import Frames
from dropout_lab.report.names import possible
from dropout_lab.report.statistics import (
    Floats,
    Ints,
    adjusted_means,
    dummies,
    holm,
    means_of_rows,
    polynomial,
    type_two,
    whole_rows,
)
from dropout_lab.report.tables.columns import Columns, made, real, text, whole
from dropout_lab.report.tables.factors import is_continuous, swept
from dropout_lab.report.tables.seeds import by_seed, metrics_of

WIDEST = 400
"""Columns of all interactions together; interactions beyond are left out, in the order of the settings, which begins
with placement, rate and method."""

COLUMNS: Columns = {
    "metric": text("metric that is explained; sums of squares are in its unit, squared"),
    "term": text("a setting, or two of them joined by ' x ' for their interaction"),
    "order": whole("1: main effect, 2: interaction of two"),
    "df": whole("degrees of freedom; 0 if the holes of the grid leave none for the term"),
    "squares": real("sum of squares (type II) of the configurations' means over seeds"),
    "share": real(
        "share of the sum of squares of all differences between configurations; for a balanced grid, the shares add up "
        "to 1 minus the residual"
    ),
    "f": real("F against the mean square of term x seed, the variation of this term between seeds"),
    "p": real("its p, seeds as random blocks; missing with one seed"),
    "p_holm": real("p, corrected by Holm for all terms of this metric"),
    "configurations": whole("configurations with dropout and all seeds that enter"),
    "error_df": whole("degrees of freedom of the error, df (seeds - 1)"),
}

LEVELS: Columns = {
    "metric": text("metric that is averaged; mean, low and high are in its unit"),
    "factor": text("a setting, or two of them joined by ' x '"),
    "level": text("its level, or two of them joined by ' x '"),
    "configurations": whole("configurations with dropout and all seeds that have it"),
    "mean": real(
        "mean over seeds and configurations, adjusted for the other settings where the grid has holes (least squares): "
        "the mean of all configurations of the table if they had this level; missing if the level only varies together "
        "with another setting"
    ),
    "low": real("95 % t interval over seeds of this mean, cut to the possible range of a mean, lower bound"),
    "high": real("95 % t interval, upper bound"),
    "effect": real("mean minus that of all configurations of the table, paired by seed"),
    "effect_low": real("its 95 % t interval, lower bound"),
    "effect_high": real("its 95 % t interval, upper bound"),
}


def effects(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per metric and term: main effects of all swept settings and interactions of two; see `COLUMNS`.

    Only configurations with dropout and all seeds enter, because rate 0 belongs to every placement and method. A
    setting with more than 12 numeric levels enters with its value and its square. Sums of squares are of type II,
    which allows holes in the grid, see `statistics.type_two`. Effects "by model size" and "by data size" are
    interactions with settings of the context.
    """
    trials, values, rows = _whole(frames, table)
    names = swept(frames, trials)
    parts = []
    for metric in metrics_of(frames, _explained()) if names else ():
        matrix = values[metric][rows]
        good = whole_rows(matrix)
        factors = {name: _columns(trials[name][list(good)]) for name in names}
        if good.sum() < 3:
            continue
        part = pd.DataFrame(type_two(matrix[good], factors, _pairs(factors)))
        part["order"] = part["term"].map(len)
        part["term"] = part["term"].map(" x ".join)
        part["p_holm"] = holm(part["p"].to_numpy(dtype=float))
        parts.append(part.assign(metric=metric, configurations=int(good.sum())))
    return made(COLUMNS, pd.concat(parts, ignore_index=True) if parts else None)


def effect_levels(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per metric and level of a swept setting, or pair of levels: least-squares means; see `LEVELS`.

    Plain means would credit a method that ran only at one good rate with the effect of that rate. So the means are
    adjusted for all other settings, as far as their effects add up (`statistics.adjusted_means`); for a full grid they
    are the plain means. A setting with more than 12 numeric levels is divided into five classes of equal size.
    """
    trials, values, rows = _whole(frames, table)
    names = swept(frames, trials)
    classes = {name: _classes(trials[name]) for name in names}
    groups: dict[tuple[str, ...], pd.Series] = {(name,): classes[name] for name in names}
    groups |= {(a, b): classes[a] + " x " + classes[b] for a, b in combinations(names, 2)}
    parts = []
    for metric in metrics_of(frames, _explained()) if names else ():
        matrix = values[metric][rows]
        good = whole_rows(matrix)
        columns_of = {name: _columns(trials[name][list(good)]) for name in names} if good.any() else {}
        for terms, labels in groups.items() if good.any() else ():
            levels, codes = np.unique(labels.to_numpy(dtype=str)[good], return_inverse=True)
            count = np.bincount(codes, minlength=len(levels))
            others = [part for name, part in columns_of.items() if name not in terms]
            beside = np.concatenate([np.ones((len(codes), 0)), *others], axis=1)
            own = adjusted_means(matrix[good], codes, beside)
            mean, effect = means_of_rows(own), means_of_rows(own - matrix[good].mean(axis=0))
            mean = mean.within(*possible(metric))
            columns = {"level": levels, "configurations": count, "mean": mean.mean, "low": mean.low, "high": mean.high}
            columns |= {"effect": effect.mean, "effect_low": effect.low, "effect_high": effect.high}
            parts.append(pd.DataFrame(columns).assign(metric=metric, factor=" x ".join(terms)))
    return made(LEVELS, pd.concat(parts, ignore_index=True) if parts else None)


def _explained() -> Sequence[str]:
    """Compared metrics but those of the test part, on which nothing may be chosen."""
    return [name for name in compared_names() if METRICS[name].objective is not None]


def _whole(frames: Frames, table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Floats], Ints]:
    values = by_seed(frames)
    if table.empty:
        return frames.trials.iloc[:0], dict(values.values), np.zeros(0, dtype=np.int64)
    order = table[table["whole"] & ~table["baseline"]].sort_values("trial")
    rows = values.rows(order["trial"])
    return frames.trials.iloc[rows].reset_index(drop=True), dict(values.values), rows


def _columns(values: pd.Series) -> Floats:
    return polynomial(values.to_numpy(dtype=float)) if is_continuous(values) else dummies(list(values))


def _classes(values: pd.Series) -> pd.Series:
    if not is_continuous(values):
        return values.map(lambda level: f"{level:g}" if isinstance(level, float) else str(level)).astype(str)
    parts = pd.qcut(values, 5, duplicates="drop")
    return parts.map(lambda part: f"{part.left:.4g} to {part.right:.4g}").astype(str)


def _pairs(factors: Mapping[str, Floats]) -> Sequence[tuple[str, ...]]:
    """The interactions that fit into `WIDEST` columns."""
    pairs = list(combinations(factors, 2))
    widths = np.cumsum([factors[a].shape[1] * factors[b].shape[1] for a, b in pairs])
    return [pair for pair, width in zip(pairs, widths, strict=True) if width <= WIDEST]
