"""Compiles a function of tensors into a shared library, ahead of time, and keeps it for every later process.

The function is traced to a graph, and the graph is built by torch's AOTInductor. Against torch.compile, a built
program has no guards to check before each call and cannot recompile, and another process loads it in milliseconds
where it would otherwise trace and check for seconds.
"""

import hashlib
import json
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from pathlib import Path

import torch
from platformdirs import user_cache_path
from torch import Tensor
from torch.fx import GraphModule

from dropout_lab.machine import instructions, processor

InPlace = Callable[..., None]
"""Takes tensors by position and writes its results into some of them."""


SETTINGS = {
    # Torch has found out already what this processor can do; the compiler would compile five programs to try it again.
    "cpp.vec_isa_ok": True,
    # Preparing torch's headers costs more than they save in the two programs of a sweep: 21 s against 16 s, two cores.
    "aot_inductor.precompile_headers": False,
}


class CompilerError(Exception):
    """A program cannot be compiled on this machine; the message says why."""


class Compilable:
    """`function` at the shapes of `examples`. Its trace is its name: equal programs are built once on a machine.

    Tracing takes a second; of a recurrent network it takes as much longer as it has more steps. `alias` names what the
    function and the shapes follow from, within this version of the package; the trace that an alias once stood for is
    remembered.
    """

    def __init__(self, function: InPlace, examples: Sequence[Tensor], alias: str | None = None) -> None:
        self._function, self._examples = function, tuple(examples)
        shapes = [(tuple(e.shape), tuple(e.stride()), str(e.dtype), str(e.device)) for e in examples]
        made_for = [torch.__version__, torch.get_num_threads(), processor(), instructions()]
        if examples[0].device.type == "cuda":
            made_for.append(torch.cuda.get_device_name())
        self._circumstances = [shapes, made_for]
        self._alias: Path | None = None
        if alias is not None:
            self._alias = folder() / f"{_digest(alias, _source(), *self._circumstances)}.alias"

    @cached_property
    def _graph(self) -> GraphModule:
        from torch.fx.experimental.proxy_tensor import make_fx

        def returning(*tensors: Tensor) -> tuple[()]:
            self._function(*tensors)
            return ()

        graph: GraphModule = make_fx(returning, tracing_mode="fake")(*self._examples)
        graph.graph.eliminate_dead_code()
        graph.recompile()
        return graph

    @cached_property
    def _path(self) -> Path:
        if self._alias is not None and self._alias.exists():
            return folder() / self._alias.read_text()
        attributes = [node.target for node in self._graph.graph.nodes if node.op == "get_attr"]
        constants = [(name, getattr(self._graph, name).tolist()) for name in attributes]
        return folder() / f"{_digest(self._graph.code, constants, *self._circumstances)}.pt2"

    @property
    def is_known(self) -> bool:
        """Whether it is built, as far as can be said without tracing it."""
        return self._alias is not None and self._alias.exists() and self.is_built

    @property
    def is_built(self) -> bool:
        return self._path.exists()

    @property
    def build_seconds(self) -> float:
        """What building it may be expected to cost on this machine; 0 if it is built."""
        return 0.0 if self.is_built else self._usual_seconds * _pace()

    @property
    def _usual_seconds(self) -> float:
        return PROGRAM_SECONDS + NODE_SECONDS * len(self._graph.graph.nodes)

    def load(self) -> InPlace:
        """The built program, built first if it is not. Raises CompilerError if that is needed and cannot be."""
        try:
            return self._loaded()
        except RuntimeError:  # it is damaged, say by a full disk
            self._forget()
        try:
            return self._loaded()
        except RuntimeError as error:
            raise CompilerError(f"its program cannot be loaded: {error}") from error

    def _loaded(self) -> InPlace:
        try:
            if not self.is_built:
                self._build()
            if self._alias is not None and not self._alias.exists():
                _write(self._alias, self._path.name)
        except OSError as error:
            raise CompilerError(f"its programs cannot be kept in {folder()}: {error}") from error
        # torch._inductor.aoti_load_package would import the whole compiler, seconds, to do this.
        loader = torch._C._aoti.AOTIModelPackageLoader(str(self._path), "model", False, 1, -1)

        def program(*tensors: Tensor) -> None:
            loader.run(list(tensors))

        return program

    def _forget(self) -> None:
        for path in (self._path, self._alias):
            if path is not None:
                path.unlink(missing_ok=True)
        del self._path

    def _build(self) -> None:
        from torch._inductor import aoti_compile_and_package
        from torch._inductor.cpp_builder import get_cpp_compiler
        from torch._inductor.exc import InvalidCxxCompiler

        try:
            get_cpp_compiler()
        except InvalidCxxCompiler as error:
            raise CompilerError("this machine has no C++ compiler") from error
        before = _worked()
        folder().mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings(), tempfile.TemporaryDirectory(dir=folder()) as there:
            warnings.simplefilter("ignore")  # of torch's own making, about its own modules
            logging.getLogger("torch._inductor").setLevel(logging.ERROR)
            try:
                exported = torch.export.export(self._graph, self._examples)
                built = aoti_compile_and_package(
                    exported, package_path=os.path.join(there, "program.pt2"), inductor_configs=SETTINGS
                )
            except RuntimeError as error:  # all of the compiler's are
                raise CompilerError(f"compiling failed: {str(error)[:2000]}") from error
            os.replace(built, self._path)  # whoever builds the same at the same time finds a whole file
        _write(_pace_file(), json.dumps((_worked() - before) / self._usual_seconds))


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _write(path: Path, text: str) -> None:
    """Whole or not at all, whoever else writes it."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    os.replace(file.name, path)


@cache
def _source() -> str:
    """A hash of this package's source: an alias is good for one version alone, also of one that is being worked on."""
    package = Path(__file__).parents[1]
    return _digest(*(hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(package.rglob("*.py"))))


def folder() -> Path:
    """Where built programs are kept: the user's cache."""
    return user_cache_path("dropout-lab") / "programs"


PROGRAM_SECONDS, NODE_SECONDS = 6.0, 0.012
"""What building a program costs, and more for each operation of its graph: from 7 s for the evaluation of a small dense
network to 40 to 60 s for a step of an LSTM written out at 32 places, of 2,700 operations. Measured on two cores."""


def _worked() -> float:
    """Seconds of this process and the compilers it has started: the clock also counts what others do meanwhile."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _pace() -> float:
    """How long this machine worked on the last program that it built, beside what was expected of it."""
    try:
        return float(json.loads(_pace_file().read_text()))
    except (OSError, ValueError):
        return 1.0


def _pace_file() -> Path:
    return folder() / "pace.json"
