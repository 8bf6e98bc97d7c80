"""The training loop: lanes are filled, trained for an epoch, measured and refilled until no run is left."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from dropout_lab.cohort import confidence
from dropout_lab.cohort.compilation.choice import prepare
from dropout_lab.cohort.ending import ending, failure, reason
from dropout_lab.cohort.epoch import train_and_measure
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.measures.measure import AbstractMeasure, measure
from dropout_lab.cohort.on_request.measuring import at_end
from dropout_lab.cohort.pretraining import pretrain
from dropout_lab.cohort.recipe import (
    Compile,
    LaneUsage,
    Pretraining,
    Recipe,
    Result,
    RunQueue,
    Structure,
)
from dropout_lab.cohort.width import Widths, is_out_of_memory
from dropout_lab.core.blame import blamed
from dropout_lab.core.errors import UserError
from dropout_lab.core.metrics.lookup import per_epoch
from dropout_lab.core.metrics.metric import EVERY_TASK
from dropout_lab.core.torch_private import is_of_vmap
from dropout_lab.core.trial import Execution
from dropout_lab.datasets.chance import chance_loss


def train(
    structure: Structure,
    widths: Widths,
    compile: Compile,
    runs: RunQueue,
    device: torch.device,
    measures: Mapping[str, AbstractMeasure] | None = None,
) -> None:
    """Trains every run that `runs` has for this structure, as many at a time as `widths` allows.

    A run that diverges fails alone. If the memory does not suffice, the width is halved and the runs in the lanes begin
    again. Where vmap cannot lift what the network does on some batch, they begin again, too, and all are trained run by
    run from then on, to the same results. After any other exception in the training, or an exit from it, they begin
    again in two halves, and so on, until the run that causes it is alone: that run fails, with its traceback.
    Exceptions of `runs` are not caught.
    `measures`, by name, are taken of the complete runs.
    """
    cohort = _Cohort(structure, widths, compile, runs, device, measures or {})
    try:
        while cohort.fill():
            try:
                rows = cohort.epoch()
            except UserError:
                raise
            except (Exception, SystemExit) as error:
                cohort.fail(error)
                continue
            stop = runs.epoch(rows)
            try:
                results = cohort.end(stop)
            except (Exception, SystemExit) as error:
                cohort.fail(error)
                continue
            if results:
                runs.done(results)
    finally:
        cohort.close()
    if cohort.lanes is not None:
        runs.say(f"{cohort.lanes.width} lanes were in use {cohort.occupancy:.0%} of the time")
    if cohort.measuring:
        runs.say(f"measure=[{','.join(measures or {})}] took {cohort.measuring:.1f} s beside the training")


class _Cohort:
    """The lanes and their runs; the lanes are made again after an error."""

    def __init__(
        self,
        structure: Structure,
        widths: Widths,
        compile: Compile,
        runs: RunQueue,
        device: torch.device,
        measures: Mapping[str, AbstractMeasure],
    ) -> None:
        self._structure, self._widths, self._compile = structure, widths, compile
        self._runs, self._device, self._measures = runs, device, measures
        self._waiting: list[Recipe] = []
        self._suspects: list[list[Recipe]] = []
        """Groups of runs that may contain the cause of an exception; each group is trained alone."""
        self._execution = Execution(widths.eager, compiled=False, threads=torch.get_num_threads())
        self._began: Execution | None = None
        self._useful = self._all = 0
        self.lanes: Lanes | None = None
        self.measuring = 0.0
        """Seconds that the measures took."""

    @property
    def occupancy(self) -> float:
        """The share of lane-epochs that trained a run."""
        return self._useful / max(1, self._all)

    def fill(self) -> bool:
        """Asks for a run for every idle lane; False when no run is left to train."""
        active = len(self.lanes.active) if self.lanes else 0
        if active == 0 and not self._waiting and self._suspects:
            self._waiting = self._suspects.pop()
        width = self.lanes.width if self.lanes else self._widths.most
        while not self._suspects and active + len(self._waiting) < width and (recipe := self._runs.next()) is not None:
            self._waiting.append(recipe)
        return active + len(self._waiting) > 0

    def epoch(self) -> dict[str, list[float | int | str | None]]:
        """Loads the waiting runs, trains and measures one epoch of all lanes, and returns its metrics as rows."""
        if self.lanes is None:
            self.lanes = self._make_lanes()
        if self._structure.pretraining is not None:
            self._pretrain(self._structure.pretraining)
        for lane in self.lanes.idle:
            if not self._waiting:
                break
            self.lanes.load(lane, self._waiting[0])
            self._waiting.pop(0)
        started, clock = time.time(), time.perf_counter()
        rows = train_and_measure(self.lanes)
        usage = LaneUsage(self.lanes.width, len(self.lanes.active), started, time.perf_counter() - clock)
        self._useful += usage.used
        self._all += usage.width
        self._runs.used(usage)
        return rows

    def _pretrain(self, pretraining: Pretraining) -> None:
        """Pretrains the networks of the waiting runs' seeds that have none yet."""
        new = sorted({recipe.seed for recipe in self._waiting} - pretraining.networks.keys())
        if new:
            started = time.perf_counter()
            pretrain(pretraining, new, self._widths, self._device)
            took = time.perf_counter() - started
            self._runs.say(f"{len(new)} networks pretrained for {pretraining.epochs} epochs, in {took:.1f} s")

    def fail(self, error: BaseException) -> None:
        """Lets the runs in the lanes begin again, fewer at a time; a run that is alone fails."""
        recipes = [lane.recipe for lane in self.lanes.active.values()] if self.lanes else []
        together = recipes + self._waiting
        self.close()
        self.lanes, self._waiting = None, together
        if self._structure.engine == "lanes" and is_of_vmap(error):
            self._structure, self._compile = replace(self._structure, engine="loop"), "never"
            self._runs.say(f"not side by side from here on, but run by run, from their first epochs: {blamed(error)}")
            return
        if is_out_of_memory(error) and self._widths.halved() != self._widths:
            self._widths = self._widths.halved()
            self._runs.say("out of memory: on with half as many lanes")
            return
        if len(together) > 1:
            half = len(together) // 2
            self._waiting = together[:half]
            self._suspects.append(together[half:])
            return
        self._waiting = []
        self._runs.done([failure(recipe, error, self._execution) for recipe in together])

    def end(self, stop: set[str]) -> list[Result]:
        """Removes the runs that have ended, including those in `stop`, from their lanes."""
        assert self.lanes is not None
        losses = [metric.name for metric in per_epoch() if metric.of is None and metric.tasks == EVERY_TASK]
        ends = {index: ending(lane, stop, losses) for index, lane in self.lanes.active.items()}
        ended = {index: end for index, end in ends.items() if end is not None}
        if not ended:
            return []
        test_loss, test_accuracy = (values.tolist() for values in self.lanes.test())
        columns = {"test_loss": test_loss, **self.lanes.test_on_request()}
        found = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        dataset = self._structure.dataset
        complete = [index for index, (status, _) in ended.items() if status == "complete"]
        answers = confidence.measure(self.lanes, complete) if dataset.task == "classification" and complete else {}
        measured = self._measure(self.lanes, complete)
        results = []
        for index, (status, why) in ended.items():
            lane = self.lanes.active.pop(index)
            keep = lane.recipe.keep if status != "failed" else None
            results.append(
                Result(
                    recipe=lane.recipe,
                    status=status,
                    reason=why,
                    traceback=None,
                    curves=lane.curves,
                    stopped_early=status == "complete" and lane.epoch < lane.recipe.epochs,
                    test_loss=None if status == "failed" else test_loss[index],
                    test_accuracy=test_accuracy[index] if dataset.has_accuracy and status != "failed" else None,
                    seconds=lane.seconds,
                    execution=self._execution,
                    chance_loss=chance_loss(lane.split, dataset.task, dataset.outputs),
                    on_request={} if status == "failed" else at_end(self._structure, lane.split, found[index]),
                    answers=answers.get(index),
                    network=None if keep is None else self.lanes.network(index, keep),
                    measured=measured.get(index, {}),
                )
            )
        return results

    def _measure(self, lanes: Lanes, complete: Sequence[int]) -> Mapping[int, Mapping[str, float | None]]:
        if not self._measures:
            return {}
        started = time.perf_counter()
        found, failed = measure(self._measures, lanes, complete)
        self.measuring += time.perf_counter() - started
        for name, error in failed.items():
            self._runs.say(f"measure={name} failed, so its values are missing: {reason(error)}")
        return found

    def close(self) -> None:
        """Ends the lanes' other processes."""
        if self.lanes is not None:
            self.lanes.close()

    def _make_lanes(self) -> Lanes:
        epochs, runs = self._waiting[0].epochs, self._runs.planned()
        lanes, choice = prepare(self._structure, self._widths, self._compile, runs, epochs, self._device)
        if self._compile in ("auto", "again"):  # runs that begin again are trained like the others
            self._compile = "again" if choice.compiled else "never"
        execution = Execution(lanes.lanes_per_process, choice.compiled, torch.get_num_threads())
        if execution != self._began:
            self._runs.began(execution)
            self._runs.say(f"{lanes.width} lanes, {choice.why}")
        self._execution = self._began = execution
        return lanes
