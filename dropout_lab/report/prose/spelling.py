"""Means with their intervals as text."""

import pandas as pd

from dropout_lab.report.names import difference, plural, value
from dropout_lab.report.statistics import Mean


def interval(metric: str, mean: Mean) -> str:
    """`95 % interval −0.03 to −0.01`, or the reason why there is none."""
    if mean.n < 2:
        return f"no interval is possible from {plural(mean.n, 'seed')}"
    if pd.isna(mean.low):
        return f"no interval is possible, as all {mean.n} seeds give the same value"
    return f"95 % interval {difference(metric, mean.low)} to {difference(metric, mean.high)}"


def with_interval(metric: str, trial: pd.Series) -> str:
    """`0.123 (95 % interval 0.110 to 0.136)`, or without the interval if there is none."""
    text = value(metric, trial[metric])
    low, high = trial[f"{metric}_low"], trial[f"{metric}_high"]
    return text if pd.isna(low) else f"{text} (95 % interval {value(metric, low)} to {value(metric, high)})"


def all_seeds(seeds: int) -> str:
    """`its one seed`, or `all 5 seeds`."""
    return "its one seed" if seeds == 1 else f"all {seeds} seeds"
