"""What other rooms ask of the table of metrics."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby

from dropout_lab.core.metrics.measured import LEVEL, Measured
from dropout_lab.core.metrics.metric import AtEnd, Metric, PerEpoch
from dropout_lab.core.metrics.on_request import ON_REQUEST
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


def curve_names(asked: Collection[str] = ()) -> Sequence[str]:
    """The metrics in the records of an epoch; of the optional ones those in `asked`."""
    kept = [metric for metric in per_epoch() if metric.in_curves]
    return [metric.name for metric in kept if not metric.optional or metric.name in asked]


def possible_curve_names() -> Sequence[str]:
    """The metrics that the records of an epoch may hold."""
    return [metric.name for metric in per_epoch() if metric.in_curves]


def run_fields() -> Mapping[str, Metric]:
    """The fields of a run's record that metrics fill; a run may lack some."""
    kept = [metric for metric in per_epoch() if metric.in_runs]
    return {metric.name + end: metric for end in ("", LAST) for metric in kept} | {m.name: m for m in at_end()}


def epoch_choosers() -> Sequence[str]:
    """The allowed values of `trainer.best`: metrics of an epoch on the validation part."""
    return [metric.name for metric in per_epoch() if metric.in_curves and metric.name.startswith("val_")]


def on_request(names: Iterable[str]) -> Sequence[str]:
    """The metrics on request, as `metric=` has them, that fields such as `val_f1_macro` name; in the table's order."""
    wanted = {name.removeprefix("val_") for name in names}
    return [name for name in ON_REQUEST if name in wanted]


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
