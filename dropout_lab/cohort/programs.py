"""Whether a cohort's programs are compiled, decided from what that saves and what it costs."""

import itertools
import time
from dataclasses import dataclass

import torch

from dropout_lab.cohort.compiler import Compilable, CompilerError, build_seconds
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.recipe import Compile
from dropout_lab.errors import UserError

TRACE_SECONDS = 3.0
"""Less work than this, run eagerly, is not worth asking whether its programs are there."""
SPEEDUP = 2.5
"""What compiling gains at least, of what was measured (README.md, "Speed"): the decision counts on no more."""
TIMED_STEPS = 3


@dataclass(frozen=True)
class Choice:
    compiled: bool
    why: str
    """For people."""


def choose(lanes: Lanes, compile: Compile, epochs: int) -> Choice:
    """Compiles the programs of `lanes`, or leaves them as they are.

    epochs: that the cohort has ahead of it. Raises UserError if `always` cannot be done.
    """
    if compile == "never":
        return Choice(False, "eager: trainer.compile=never")
    step, evaluation = lanes.examples()
    name = lanes.structure.name
    programs = (
        Compilable(lanes.train_step, step, name),
        Compilable(lanes.evaluation, evaluation, name and f"evaluate {name}"),
    )
    is_known = all(program.is_known for program in programs)
    if compile == "auto" and not is_known:
        eager = _step_seconds(lanes) * lanes.steps_per_epoch * epochs
        if eager < TRACE_SECONDS:
            return Choice(False, f"eager: {_seconds(eager)} of work are too few to compile for")
    missing = sum(not program.is_built for program in programs)
    cost, why = missing * build_seconds(), "trainer.compile=always"
    if compile == "auto" and is_known:
        why = "compiled before"
    elif compile == "auto":
        saved = eager * (1 - 1 / SPEEDUP)
        told = f"{_seconds(eager)} of work if eager, at least {_seconds(saved)} saved"
        if missing and saved < cost:
            return Choice(False, f"eager: {told}, but compiling takes about {_seconds(cost)}")
        why = told if missing else "compiled before"
    started = time.perf_counter()
    try:
        lanes.run_train_step, lanes.run_evaluation = (program.load() for program in programs)
    except CompilerError as error:
        if compile == "always":
            raise UserError(f"trainer.compile=always: {error}; allowed here: auto, never") from error
        return Choice(False, f"eager: {error}")
    took = f", in {_seconds(time.perf_counter() - started)}" if missing else ""
    return Choice(True, f"compiled{took}: {why}")


def _step_seconds(lanes: Lanes) -> float:
    """A training step of lanes that hold no run yet, run eagerly, as it takes after the first ones."""
    arguments, _ = lanes.examples()
    stamps = []
    for _ in range(TIMED_STEPS + 1):
        lanes.train_step(*arguments)
        if lanes.device.type == "cuda":
            torch.cuda.synchronize(lanes.device)
        stamps.append(time.perf_counter())
    return min(later - earlier for earlier, later in itertools.pairwise(stamps))


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
