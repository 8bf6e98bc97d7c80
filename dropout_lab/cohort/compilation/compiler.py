"""Compiles functions of tensors into shared libraries, ahead of time, and keeps them for every later process.

A function is traced to a graph, and torch's AOTInductor builds the graph. Unlike with torch.compile, a built program
checks no guards before each call and cannot recompile, and another process loads it in milliseconds, where it would
otherwise trace and check for seconds.
"""

import hashlib
import json
import os
import pickle
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path

import torch
from torch import Tensor
from torch.fx import GraphModule

from dropout_lab.cohort.compilation import ahead
from dropout_lab.cohort.compilation.build import Building, CompilerError, folder
from dropout_lab.cohort.compilation.process import Order, constants, traced
from dropout_lab.cohort.passes import InPlace
from dropout_lab.core.machine import instructions, processor
from dropout_lab.core.torch_private import open_program

PATIENCE_SECONDS, PATIENCE_NODE_SECONDS = 300.0, 0.5
"""Building a program may take this long, and more for each operation of its graph: about ten times the time on the
slowest machine seen so far."""
LEFT_SECONDS = 24 * 60 * 60
"""The files of a build that are older than this are left over from one that was killed."""


class Compilable:
    """`function` at the shapes of `examples`. Its trace is its name: equal programs are built once on a machine.

    Tracing takes a second, and for a recurrent network a time proportional to its steps. So the trace is remembered by
    an `alias`, from which the function and the shapes follow within this version of the package.
    """

    def __init__(self, function: InPlace, examples: Sequence[Tensor], alias: str | None = None) -> None:
        self._function, self._examples = function, tuple(examples)
        shapes = [(tuple(e.shape), tuple(e.stride()), str(e.dtype), str(e.device)) for e in examples]
        made_for = [torch.__version__, torch.get_num_threads(), processor(), instructions(), platform.libc_ver()]
        self._circumstances = [shapes, made_for]
        self._alias: Path | None = None
        if alias is not None:
            self._alias = folder() / f"{_digest(alias, _source(), *self._circumstances)}.alias"

    @cached_property
    def _graph(self) -> GraphModule:
        """The trace. Raises CompilerError for a function that runs and cannot be traced, as users' networks may be."""
        try:
            return traced(self._function, self._examples)
        except Exception as error:
            line = next((line for line in str(error).splitlines() if line.strip()), "")
            raise CompilerError(f"it cannot be traced: {type(error).__name__}: {line.strip()[:300]}") from error

    @cached_property
    def _path(self) -> Path:
        if self._alias is not None and self._alias.exists() and (name := self._alias.read_text()).endswith(".pt2"):
            return folder() / name
        held = [(name, value.tolist()) for name, value in constants(self._graph).items()]
        return folder() / f"{_digest(self._graph.code, held, *self._circumstances)}.pt2"

    @property
    def is_known(self) -> bool:
        """Whether it is known to be built without being traced."""
        return self._alias is not None and self._alias.exists() and self.is_built

    @property
    def is_built(self) -> bool:
        """Whether it is built; only programs that have run once without harm are kept."""
        return self._path.exists()

    def give(self, building: Building) -> None:
        """Orders the program."""
        building.order(self.ordered)

    @property
    def ordered(self) -> bytes:
        """What a builder reads of it: a pickled `Order`."""
        is_first = not any(folder().glob("*.pt2"))
        return pickle.dumps(Order.of(self._graph, self._examples, precompile_headers=not is_first))

    def keep(self, built: Path) -> None:
        """Keeps the program that was ordered."""
        os.replace(built, self._path)  # atomic: another process may build the same program

    @property
    def patience(self) -> float:
        """The seconds that building it may take."""
        return PATIENCE_SECONDS + PATIENCE_NODE_SECONDS * len(self._graph.graph.nodes)

    def remember(self) -> None:
        """Stores the name that the alias stands for; this only saves time, so it may fail."""
        if self._alias is not None:
            with suppress(OSError):
                _write(self._alias, self._path.name)

    def open(self) -> InPlace:
        """The built program. Raises RuntimeError if it is damaged."""
        run = open_program(self._path)

        def program(*tensors: Tensor) -> None:
            run(list(tensors))

        return program

    def forget(self) -> None:
        """Deletes the built program."""
        for path in (self._path, self._alias):
            if path is not None:
                path.unlink(missing_ok=True)
        del self._path


def load(programs: Sequence[Compilable]) -> Sequence[InPlace]:
    """The built programs; missing ones are built first, in parallel.

    Raises CompilerError if one is missing and cannot be built.
    """
    try:
        _build(programs)
        for program in programs:
            try:
                program.open()
            except RuntimeError:  # it is damaged, by a full disk for instance
                program.forget()
        _build(programs)
        return [program.open() for program in programs]
    except OSError as error:
        raise CompilerError(f"its programs cannot be kept in {folder()}: {error}") from error
    except RuntimeError as error:
        raise CompilerError(f"its program cannot be loaded: {error}") from error


def check_can_build(programs: Sequence[Compilable]) -> None:
    """Raises CompilerError if a program is missing and this machine has no compiler, or if one cannot be traced."""
    unknown = [program for program in programs if not program.is_known]
    if not unknown or _has_compiler():
        return
    if not (any(folder().glob("*.pt2")) and all(program.is_built for program in unknown)):
        raise CompilerError("this machine has no C++ compiler")


def _build(programs: Sequence[Compilable]) -> None:
    check_can_build(programs)
    unknown = [program for program in programs if not program.is_known]
    if not unknown:
        return
    folder().mkdir(parents=True, exist_ok=True)
    _tidy()
    building = ahead.building()
    try:
        missing = [program for program in unknown if not program.is_built]
        for program in missing:
            program.give(building)
        if missing:
            for program, built in zip(missing, building.results(sum(one.patience for one in missing)), strict=True):
                program.keep(built)
    finally:
        building.close()
    for program in unknown:
        program.remember()


def _tidy() -> None:
    """Removes the files of builds that were killed: no build takes as long as these are old."""
    for left in folder().glob(f"{tempfile.gettempprefix()}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > LEFT_SECONDS:
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def _has_compiler() -> bool:
    """Whether there is a C++ compiler where torch would look; asking torch loads its own compiler, for seconds."""
    compiler = os.environ.get("CXX") or ("clang++" if sys.platform == "darwin" else "g++")
    return shutil.which(compiler) is not None


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _write(path: Path, text: str) -> None:
    """Writes a file; atomic, and safe with concurrent writers."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    os.replace(file.name, path)


@cache
def _source() -> str:
    """A hash of this package's source: an alias is valid for one version only, also while that is being edited."""
    package = Path(__file__).parents[2]
    return _digest(*(hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(package.rglob("*.py"))))
