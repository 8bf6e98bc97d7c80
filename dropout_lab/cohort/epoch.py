"""One epoch of all lanes: trained, measured, and appended to their curves."""

import math
import time

import torch

from dropout_lab.cohort.lanes import Lanes
from dropout_lab.core.metrics.lookup import curve_names, per_epoch
from dropout_lab.core.metrics.summary import of_epoch
from dropout_lab.core.metrics.table import METRICS


def train_and_measure(lanes: Lanes) -> dict[str, list[float | int | str | None]]:
    """Trains and measures one epoch; appends it to the curves, keeps the networks that are the best of their runs so
    far, and returns the epoch's metrics as rows."""
    started = time.perf_counter()
    running = lanes.train_epoch()
    learned = lanes.state.measured()
    metrics = {"running_loss": running, **lanes.evaluate(), **learned}
    names = list(metrics)
    read = torch.stack([metrics[name] for name in names]).tolist()  # the epoch's one wait for the device
    values = dict(zip(names, read, strict=True))
    every = per_epoch()
    recorded = curve_names({f"val_{name}" for name in lanes.structure.metrics})
    measured = [metric.name for metric in every if metric.of is None and lanes.structure.dataset.task in metric.tasks]
    seconds = (time.perf_counter() - started) / len(lanes.active)
    rows: dict[str, list[float | int | str | None]] = {name: [] for name in ("id", "epoch", *recorded, *learned)}
    better = []
    for index, lane in lanes.active.items():
        lane.seconds += seconds
        at = of_epoch(every, {name: values[name][index] for name in measured if name in values})
        for name in recorded:
            lane.curves.setdefault(name, []).append(at[name])
            rows[name].append(at[name])
        for name in learned:
            drops = lane.recipe.rates.get(name.partition("/")[2], 0.0) > 0
            value = values[name][index] if drops and math.isfinite(values[name][index]) else None
            lane.curves.setdefault(name, []).append(value)
            rows[name].append(value)
        rows["id"].append(lane.recipe.id)
        rows["epoch"].append(lane.epoch)
        lane.since_best += 1
        value = at[lane.recipe.best_by]
        if value is not None and (value := _minimised(lane.recipe.best_by, value)) < lane.best:
            lane.best, lane.since_best = value, 0
            better.append(index)
    if better:
        lanes.keep_best(better)
    return rows


def _minimised(metric: str, value: float) -> float:
    return -value if METRICS[metric].is_maximised else value
