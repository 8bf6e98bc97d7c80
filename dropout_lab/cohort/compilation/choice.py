"""Whether a cohort's programs are compiled, decided from the saving and the cost.

Eager and compiled runs differ in their last bits, so the same command must always choose the same: the decision depends
neither on timings nor on the programs that are already built.
"""

import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

import torch

from dropout_lab.cohort.compilation import ahead
from dropout_lab.cohort.compilation.build import CompilerError
from dropout_lab.cohort.compilation.compiler import Compilable, check_can_build, load
from dropout_lab.cohort.compilation.cost import Cost, counted, counted_written_out
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.recipe import Compile, Pretraining, Structure
from dropout_lab.cohort.width import Widths
from dropout_lab.core.errors import UserError

SPEEDUP, SPEEDUP_OF_SEQUENCES = 2.5, 1.5
"""The smallest measured gain of compiling (docs/speed.md), which a forecast assumes. Networks that read sequences
do more in one operation, and an eager LSTM layer is a single call."""
TIMED_STEPS, TIMED_SECONDS = 3, 0.3
"""The least number of timed steps and their least duration: another process may delay a thread for a while."""


@dataclass(frozen=True)
class Choice:
    """Whether the programs are compiled, and why."""

    compiled: bool
    why: str
    """For people."""


@dataclass(frozen=True)
class Forecast:
    """The expected duration of a training."""

    width: int
    seconds: float
    """For all runs."""
    why: str
    """Eager or compiled, for people."""


def prepare(
    structure: Structure, widths: Widths, compile: Compile, runs: int, epochs: int, device: torch.device
) -> tuple[Lanes, Choice]:
    """Empty lanes for about `runs` runs of `epochs` epochs, with compiled or eager programs.

    Raises UserError if `compile` is `always` and compiling is impossible.
    """
    lanes, choice = _decide(structure, widths, compile, runs, epochs, device)
    if not choice.compiled:
        ahead.dismiss()
        return lanes, choice
    started = time.perf_counter()
    try:
        lanes.executor.use(*load(_programs(lanes)))
    except CompilerError as error:
        lanes.close()
        if compile == "always":
            raise _refusal(str(error)) from error
        return _eager(structure, widths, device), Choice(False, f"eager: {error}")
    took = time.perf_counter() - started
    return lanes, Choice(True, f"compiled{f', in {_seconds(took)}' if took > 1 else ''}: {choice.why}")


def forecast(
    structure: Structure, widths: Widths, compile: Compile, runs: int, epochs: int, device: torch.device
) -> Forecast:
    """The choice of `prepare` and the duration of the training, measured by a few steps and an evaluation."""
    lanes, choice = _decide(structure, widths, compile, runs, epochs, device)
    build = False
    if choice.compiled:
        programs = _programs(lanes)
        try:
            check_can_build(programs)
            build = not all(program.is_built for program in programs)
            if not build:
                lanes.executor.use(*load(programs))
        except CompilerError as error:
            lanes.close()
            if compile == "always":
                raise _refusal(str(error)) from error
            lanes, choice, build = _eager(structure, widths, device), Choice(False, f"eager: {error}"), False
    seconds = _epoch_seconds(lanes) * epochs * ceil(runs / lanes.width)
    lanes.close()
    if not build:
        return Forecast(lanes.width, seconds, f"compiled: {choice.why}" if choice.compiled else choice.why)
    gain = SPEEDUP_OF_SEQUENCES if lanes.program.reads_sequences else SPEEDUP
    seconds = seconds / gain + _cost(lanes, runs, epochs).build_seconds
    return Forecast(lanes.width, seconds, f"to be compiled first: {choice.why}")


def forecast_pretraining(pretraining: Pretraining, seeds: int, widths: Widths, device: torch.device) -> float:
    """The seconds that the pretraining of so many networks takes, as many at a time as `widths` allows; measured by a
    few steps."""
    most = widths.eager * widths.processes
    those = Widths.in_all(min(seeds, most), widths.processes)
    lanes = Lanes(pretraining.structure, those.eager, device, those.processes)
    try:
        return _step_seconds(lanes) * lanes.batches.steps * pretraining.epochs * ceil(seeds / most)
    finally:
        lanes.close()


def _decide(
    structure: Structure, widths: Widths, compile: Compile, runs: int, epochs: int, device: torch.device
) -> tuple[Lanes, Choice]:
    if structure.engine == "loop":
        if compile == "always":
            raise _refusal("this network is trained run by run, in plain PyTorch")
        return _eager(structure, widths, device), Choice(False, "eager, in turn at every step")
    if device.type != "cpu":
        if compile == "always":
            raise _refusal(f"programs are compiled for the CPU alone, and this is device={device.type}")
        return _eager(structure, widths, device), Choice(False, "eager: programs are compiled for the CPU alone")
    if compile == "never":
        return _eager(structure, widths, device), Choice(False, "eager: trainer.compile=never, or as the runs before")
    if compile != "auto":
        why = "trainer.compile=always" if compile == "always" else "as this sweep began"
        return Lanes(structure, widths.compiled, device, widths.processes), Choice(True, why)
    lanes = _eager(structure, widths, device)
    try:
        cost = _cost(lanes, runs, epochs)
    except Exception:
        lanes.close()
        raise
    if not cost.pays:
        return lanes, Choice(False, f"eager: compiling {cost.prose}")
    lanes.close()
    return Lanes(structure, widths.compiled, device, widths.processes), Choice(True, f"that {cost.prose}")


def _cost(lanes: Lanes, runs: int, epochs: int) -> Cost:
    """The saving and the cost of compiling for so many runs, compared with these eager lanes."""
    arguments, evaluated = lanes.executor.examples()
    step, evaluation = (
        counted(lambda: lanes.executor.train_step(*arguments)),
        counted(lambda: lanes.executor.evaluation(*evaluated)),
    )
    saved = step.saved_seconds * lanes.batches.steps + evaluation.saved_seconds * lanes.evaluations_per_epoch
    compiled = step
    if lanes.program.reads_sequences:
        compiled = counted_written_out(lambda: lanes.executor.train_step(*arguments))
    return Cost(saved * epochs * ceil(runs / lanes.width), compiled.build_seconds)


def _refusal(reason: str) -> UserError:
    return UserError(f"trainer.compile=always: {reason}; allowed here: auto, never")


def _eager(structure: Structure, widths: Widths, device: torch.device) -> Lanes:
    return Lanes(structure, widths.eager, device, widths.processes)


def _programs(lanes: Lanes) -> Sequence[Compilable]:
    step, evaluation = lanes.executor.examples()
    name = lanes.structure.name
    return (
        Compilable(lanes.executor.train_step, step, name),
        Compilable(lanes.executor.evaluation, evaluation, name and f"evaluation of {name}"),
    )


def _epoch_seconds(lanes: Lanes) -> float:
    """The duration of an epoch of training steps and its evaluations."""
    try:
        return _step_seconds(lanes) * lanes.batches.steps + min(_timed(lanes.evaluate) for _ in range(2))
    except Exception:
        lanes.close()
        raise


def _step_seconds(lanes: Lanes) -> float:
    """The duration of a training step of empty lanes, without the first step."""
    stamps: list[float] = []
    while len(stamps) <= TIMED_STEPS or stamps[-1] - stamps[0] < TIMED_SECONDS:
        lanes.rehearse()
        if lanes.device.type == "cuda":
            torch.cuda.synchronize(lanes.device)
        stamps.append(time.perf_counter())
    return statistics.median(later - earlier for earlier, later in itertools.pairwise(stamps))


def _timed(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
