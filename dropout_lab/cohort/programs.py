"""Whether a cohort's programs are compiled, decided from what that saves and what it costs."""

import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

import torch

from dropout_lab.cohort.compiler import Compilable, CompilerError
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.recipe import Compile, Pretraining, Structure
from dropout_lab.cohort.width import Widths
from dropout_lab.errors import UserError

TRACE_SECONDS, TRACE_SECONDS_OF_SEQUENCES = 3.0, 10.0
"""Less work than this, run eagerly, is not worth asking whether its programs are there: that takes a trace of them."""
SPEEDUP, SPEEDUP_OF_SEQUENCES = 2.5, 1.5
"""What compiling gains at least, of what was measured (README.md, "Speed"): the decision counts on no more. Networks
that read sequences do more in one operation, and an LSTM's layer is a single call where it is not compiled."""
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


@dataclass(frozen=True)
class _Decision:
    lanes: Lanes
    choice: Choice
    build_seconds: float = 0.0
    """Of the programs that are to be built first."""


def prepare(
    structure: Structure, widths: Widths, compile: Compile, runs: int, epochs: int, device: torch.device
) -> tuple[Lanes, Choice]:
    """Empty lanes for about `runs` runs of `epochs` epochs, with their programs compiled or as they are.

    Raises UserError if `always` cannot be done.
    """
    decision = _decide(structure, widths, compile, runs, epochs, device)
    lanes, choice = decision.lanes, decision.choice
    if not choice.compiled:
        return lanes, choice
    started = time.perf_counter()
    try:
        lanes.use(*(program.load() for program in _programs(lanes)))
    except CompilerError as error:
        if compile == "always":
            raise UserError(f"trainer.compile=always: {error}; allowed here: auto, never") from error
        return _eager(structure, widths, device), Choice(False, f"eager: {error}")
    took = time.perf_counter() - started
    return lanes, Choice(True, f"compiled{f', in {_seconds(took)}' if took > 1 else ''}: {choice.why}")


def forecast(
    structure: Structure, widths: Widths, compile: Compile, runs: int, epochs: int, device: torch.device
) -> Forecast:
    """What `prepare` would choose, and how long the training would take: measured, by a few steps and an evaluation."""
    decision = _decide(structure, widths, compile, runs, epochs, device)
    lanes, choice = decision.lanes, decision.choice
    if choice.compiled and not decision.build_seconds:
        lanes.use(*(program.load() for program in _programs(lanes)))
    seconds = _epoch_seconds(lanes) * epochs * ceil(runs / lanes.width)
    lanes.close()
    if decision.build_seconds:
        return Forecast(
            lanes.width,
            seconds / _speedup(lanes) + decision.build_seconds,
            f"to be compiled first: {choice.why}",
        )
    return Forecast(lanes.width, seconds, f"compiled: {choice.why}" if choice.compiled else choice.why)


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
) -> _Decision:
    if compile == "never":
        return _Decision(_eager(structure, widths, device), Choice(False, "eager: trainer.compile=never"))
    lanes = Lanes(structure, widths.compiled, device, widths.processes)
    programs = _programs(lanes)
    why = "trainer.compile=always" if compile == "always" else "compiled before"
    known = all(program.is_known for program in programs)
    if compile == "auto" and not known:
        eager_lanes = lanes if widths.eager == widths.compiled else _eager(structure, widths, device)
        eager = _epoch_seconds(eager_lanes) * epochs * ceil(runs / eager_lanes.width)
        if eager < (TRACE_SECONDS_OF_SEQUENCES if lanes.program.reads_sequences else TRACE_SECONDS):
            few = f"eager: {_seconds(eager)} of work are too few to compile for"
            return _Decision(eager_lanes, Choice(False, few))
        saved, cost = eager * (1 - 1 / _speedup(lanes)), sum(program.build_seconds for program in programs)
        told = f"{_seconds(eager)} of work if eager, at least {_seconds(saved)} saved"
        if cost and saved < cost:
            return _Decision(eager_lanes, Choice(False, f"eager: {told}, but compiling takes about {_seconds(cost)}"))
        eager_lanes.close()
        return _Decision(lanes, Choice(True, told if cost else why), cost)
    cost = 0.0 if known else sum(program.build_seconds for program in programs)
    return _Decision(lanes, Choice(True, why), cost)


def _speedup(lanes: Lanes) -> float:
    return SPEEDUP_OF_SEQUENCES if lanes.program.reads_sequences else SPEEDUP


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
