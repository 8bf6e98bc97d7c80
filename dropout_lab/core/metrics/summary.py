"""The metrics of one run, computed when it ends, and of one epoch."""

import math
from collections.abc import Mapping, Sequence

from dropout_lab.core.metrics.functions import best_epoch
from dropout_lab.core.metrics.lookup import LAST, at_end, per_epoch
from dropout_lab.core.metrics.metric import Ended, PerEpoch, Value


def of_epoch(metrics: Sequence[PerEpoch], measured: Mapping[str, float | None]) -> Mapping[str, float | None]:
    """The `metrics` of one epoch, from those that the trainer measured; None if missing or not finite."""
    found: dict[str, float | None] = {}
    for metric in metrics:
        value = measured.get(metric.name) if metric.of is None else metric.of(found)
        found[metric.name] = value if value is None or math.isfinite(value) else None
    return found


def summary(ended: Ended) -> dict[str, Value]:
    """The metrics in the record of a run.

    Metrics of an epoch are there twice: by their name at the best epoch, and with `_last` at the last one. What is not
    finite is None. Both sides of a gap have the same weights and are measured in evaluation mode.
    """
    length = len(ended.curves["val_loss"])
    best = best_epoch(ended)
    metrics = [metric for metric in per_epoch() if not metric.optional or metric.name in ended.curves]
    result: dict[str, Value] = {}
    for end, epoch in (("", best), (LAST, length)):
        at = of_epoch(metrics, {name: values[epoch - 1] for name, values in ended.curves.items()})
        result |= {metric.name + end: at[metric.name] for metric in metrics if metric.in_runs}
    for metric in at_end():
        if metric.of is not None:
            value = metric.of(ended)
            if value is not None or not metric.optional:
                result[metric.name] = value if value is None or math.isfinite(value) else None
    return result
