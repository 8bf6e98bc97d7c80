"""The training loop: lanes are filled, trained for an epoch, measured, and refilled, until no run is left."""

import math
import time
import traceback

import torch

from dropout_lab.cohort.lanes import Lane, Lanes
from dropout_lab.cohort.recipe import Recipe, Result, RunQueue, Status, Structure
from dropout_lab.store import CURVE_METRICS


def train(structure: Structure, width: int, runs: RunQueue, device: torch.device) -> None:
    """Trains every run that `runs` has for this structure, at most `width` at a time.

    A run that diverges fails alone. An exception inside the program fails the runs that are in the lanes then, each
    with its traceback, and is not raised again; what `runs` raises goes through.
    """
    lanes: Lanes | None = None
    waiting: Recipe | None = runs.next()
    while waiting is not None or (lanes is not None and lanes.active):
        try:
            lanes = lanes or Lanes(structure, width, device)
            idle = list(lanes.idle)
            while idle and waiting is not None:
                lanes.load(idle[0], waiting)
                idle.pop(0)
                waiting = runs.next() if idle else None
            rows = _epoch(lanes)
        except Exception as error:
            failed = [lane.recipe for lane in lanes.active.values()] if lanes else []
            for recipe in failed + ([waiting] if waiting is not None else []):
                runs.done(_failure(recipe, error, width))
            lanes, waiting = None, runs.next()
            continue
        stop = runs.epoch(rows)
        ended = {index: end for index, lane in lanes.active.items() if (end := _end(lane, stop)) is not None}
        if ended:
            test_loss, test_accuracy = (values.tolist() for values in lanes.test())
            for index, (status, reason) in ended.items():
                lane = lanes.active.pop(index)
                classes = structure.dataset.task == "classification"
                runs.done(
                    Result(
                        recipe=lane.recipe,
                        status=status,
                        reason=reason,
                        traceback=None,
                        curves=lane.curves,
                        stopped_early=status == "complete" and lane.epoch < lane.recipe.epochs,
                        test_loss=None if status == "failed" else test_loss[index],
                        test_accuracy=test_accuracy[index] if classes and status != "failed" else None,
                        seconds=lane.seconds,
                        width=lanes.width,
                    )
                )
        waiting = runs.next() if lanes.idle else None


def _epoch(lanes: Lanes) -> dict[str, list[float | int | str | None]]:
    """Trains and measures one epoch; writes it into the lanes' curves and returns it as rows."""
    started = time.perf_counter()
    running = lanes.train_epoch().tolist()
    metrics = {name: values.tolist() for name, values in lanes.evaluate().items()}  # the epoch's one device sync
    seconds = (time.perf_counter() - started) / len(lanes.active)
    classes = lanes.structure.dataset.task == "classification"
    rows: dict[str, list[float | int | str | None]] = {name: [] for name in ("id", "epoch", *CURVE_METRICS)}
    better = []
    for index, lane in lanes.active.items():
        lane.seconds += seconds
        values = {"running_loss": running[index], **{name: column[index] for name, column in metrics.items()}}
        for name in CURVE_METRICS:
            known = math.isfinite(values[name]) and (classes or not name.endswith("accuracy"))
            lane.curves.setdefault(name, []).append(values[name] if known else None)
            rows[name].append(lane.curves[name][-1])
        rows["id"].append(lane.recipe.id)
        rows["epoch"].append(lane.epoch)
        lane.since_best += 1
        if values["val_loss"] < lane.best:
            lane.best, lane.since_best = values["val_loss"], 0
            better.append(index)
    if better:
        lanes.keep_best(better)
    return rows


def _end(lane: Lane, stop: set[str]) -> tuple[Status, str | None] | None:
    """Whether and how the run in this lane ends after this epoch."""
    broken = [name for name in ("running_loss", "train_loss", "val_loss") if lane.curves[name][-1] is None]
    if broken:
        return "failed", f"diverged: {broken[0]} is not finite at epoch {lane.epoch}"
    if lane.epoch >= lane.recipe.epochs:
        return "complete", None
    if lane.recipe.id in stop:
        return "pruned", f"pruned after epoch {lane.epoch}"
    if lane.recipe.patience is not None and lane.since_best >= lane.recipe.patience:
        return "complete", f"stopped early after epoch {lane.epoch}"
    return None


def _failure(recipe: Recipe, error: Exception, width: int) -> Result:
    return Result(
        recipe=recipe,
        status="failed",
        reason=f"{type(error).__name__}: {error}",
        traceback="".join(traceback.format_exception(error)),
        curves={},
        stopped_early=False,
        test_loss=None,
        test_accuracy=None,
        seconds=0.0,
        width=width,
    )
