"""What other rooms ask of the table of metrics."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from dropout_lab.core.metrics.measured import LEVEL, Measured
from dropout_lab.core.metrics.metric import AtEnd, Metric, PerEpoch
from dropout_lab.core.metrics.table import METRICS

LAST = "_last"
"""Ends a field with a metric's value at the last epoch; the field without it has the value at the best epoch."""


def metric_of(field: str) -> Metric | None:
    """The metric that a field of a run's record holds; None if it holds none."""
    return METRICS.get(field) or METRICS.get(field.removesuffix(LAST)) or METRICS.get(field.partition(LEVEL)[0])


def per_epoch() -> Sequence[PerEpoch]:
    """The metrics of an epoch, each after those that it is computed from."""
    return [metric for metric in METRICS.values() if isinstance(metric, PerEpoch)]


def at_end() -> Sequence[AtEnd]:
    """The metrics that a run has once."""
    return [metric for metric in METRICS.values() if isinstance(metric, AtEnd)]


def measured() -> Sequence[Measured]:
    """The metrics of measures."""
    return [metric for metric in METRICS.values() if isinstance(metric, Measured)]


def curve_names() -> Sequence[str]:
    """The metrics in the records of an epoch."""
    return [metric.name for metric in per_epoch() if metric.in_curves]


def run_fields() -> Mapping[str, Metric]:
    """The fields of a run's record that metrics fill; a run may lack some."""
    kept = [metric for metric in per_epoch() if metric.in_runs]
    return {metric.name + end: metric for end in ("", LAST) for metric in kept} | {m.name: m for m in at_end()}


def objectives() -> Mapping[str, Metric]:
    """The allowed values of `objective=`, each with its metric."""
    return {metric.objective: metric for metric in METRICS.values() if metric.objective is not None}


def compared_names() -> Sequence[str]:
    """The metrics whose difference to the baseline the report tests."""
    return [metric.name for metric in METRICS.values() if metric.shown == "compared"]


def averaged_fields() -> Sequence[str]:
    """The fields of runs whose means are in the table of configurations."""
    shown = [metric for metric in METRICS.values() if metric.shown != "listed" and metric.name in run_fields()]
    found: list[str] = []
    for has_last, group in groupby(shown, key=lambda metric: isinstance(metric, PerEpoch) and metric.shown_last):
        names = [metric.name for metric in group]
        found += [name + end for end in ("", LAST)[: 1 + has_last] for name in names]
    return found
