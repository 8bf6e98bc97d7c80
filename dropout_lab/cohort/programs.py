"""Whether a cohort's programs are compiled, decided from what that saves and what it costs.

Eager and compiled runs differ in their last bits, so the same command must choose the same again: neither the clock nor
the programs that happen to be there decide.
"""

import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

import torch

from dropout_lab.cohort.building import CompilerError
from dropout_lab.cohort.compiler import Compilable, load
from dropout_lab.cohort.cost import Cost, counted, counted_written_out
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.recipe import Compile, Pretraining, Structure
from dropout_lab.cohort.width import Widths
from dropout_lab.core.errors import UserError

SPEEDUP, SPEEDUP_OF_SEQUENCES = 2.5, 1.5
"""What compiling gains at least, of what was measured (docs/speed.md): a forecast counts on no more. Networks that
read sequences do more in one operation, and an LSTM's layer is a single call where it is not compiled."""
TIMED_STEPS, TIMED_SECONDS = 3, 0.3
"""At least so many steps for at least so long: another process's start may hold one of the threads up for a while."""


@dataclass(frozen=True)
class Choice:
    compiled: bool
    why: str
    """For people."""


@dataclass(frozen=True)
class Forecast:
    width: int
    seconds: float
    """For all runs, as many at a time as there are lanes."""
    why: str
    """Eager or compiled, for people."""


def prepare(
    structure: Structure, widths: Widths, compile: Compile, runs: int, epochs: int, device: torch.device
) -> tuple[Lanes, Choice]:
    """Empty lanes for about `runs` runs of `epochs` epochs, with their programs compiled or as they are.

    Raises UserError if `always` cannot be done.
    """
    lanes, choice = _decide(structure, widths, compile, runs, epochs, device)
    if not choice.compiled:
        return lanes, choice
    started = time.perf_counter()
    try:
        lanes.use(*load(_programs(lanes)))
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
    """What `prepare` would choose, and how long the training would take: measured, by a few steps and an evaluation."""
    lanes, choice = _decide(structure, widths, compile, runs, epochs, device)
    programs = _programs(lanes) if choice.compiled else ()
    build = not all(program.is_built for program in programs)
    if programs and not build:
        lanes.use(*load(programs))
    seconds = _epoch_seconds(lanes) * epochs * ceil(runs / lanes.width)
    lanes.close()
    if not build:
        return Forecast(lanes.width, seconds, f"compiled: {choice.why}" if choice.compiled else choice.why)
    gain = SPEEDUP_OF_SEQUENCES if lanes.program.reads_sequences else SPEEDUP
    seconds = seconds / gain + _cost(lanes, runs, epochs).build_seconds
    return Forecast(lanes.width, seconds, f"to be compiled first: {choice.why}")


def forecast_pretraining(pretraining: Pretraining, seeds: int, widths: Widths, device: torch.device) -> float:
    """How many seconds the pretraining of so many networks would take, at most as many at a time as `widths` says:
    measured."""
    most = widths.eager * widths.processes
    those = Widths.in_all(min(seeds, most), widths.processes)
    lanes = Lanes(pretraining.structure, those.eager, device, those.processes)
    try:
        return _step_seconds(lanes) * lanes.steps_per_epoch * pretraining.epochs * ceil(seeds / most)
    finally:
        lanes.close()


def _decide(
    structure: Structure, widths: Widths, compile: Compile, runs: int, epochs: int, device: torch.device
) -> tuple[Lanes, Choice]:
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
        return lanes, Choice(False, f"eager: compiling {cost.words}")
    lanes.close()
    return Lanes(structure, widths.compiled, device, widths.processes), Choice(True, f"that {cost.words}")


def _cost(lanes: Lanes, runs: int, epochs: int) -> Cost:
    """Of compiling for so many runs, which these eager lanes would train."""
    arguments, evaluated = lanes.examples()
    step, evaluation = (
        counted(lambda: lanes.train_step(*arguments)),
        counted(lambda: lanes.evaluation(*evaluated)),
    )
    saved = step.saved_seconds * lanes.steps_per_epoch + evaluation.saved_seconds * lanes.evaluations_per_epoch
    compiled = step
    if lanes.program.reads_sequences:
        compiled = counted_written_out(lambda: lanes.train_step(*arguments))
    return Cost(saved * epochs * ceil(runs / lanes.width), compiled.build_seconds)


def _refusal(reason: str) -> UserError:
    return UserError(f"trainer.compile=always: {reason}; allowed here: auto, never")


def _eager(structure: Structure, widths: Widths, device: torch.device) -> Lanes:
    return Lanes(structure, widths.eager, device, widths.processes)


def _programs(lanes: Lanes) -> Sequence[Compilable]:
    step, evaluation = lanes.examples()
    name = lanes.structure.name
    return (
        Compilable(lanes.train_step, step, name),
        Compilable(lanes.evaluation, evaluation, name and f"evaluation of {name}"),
    )


def _epoch_seconds(lanes: Lanes) -> float:
    """An epoch of training steps and its evaluations."""
    try:
        return _step_seconds(lanes) * lanes.steps_per_epoch + min(_timed(lanes.evaluate) for _ in range(2))
    except Exception:
        lanes.close()
        raise


def _step_seconds(lanes: Lanes) -> float:
    """A training step of lanes that hold no run yet, as it takes after the first ones."""
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
