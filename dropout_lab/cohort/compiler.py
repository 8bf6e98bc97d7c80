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
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from platformdirs import user_cache_path
from torch import Tensor
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

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
    """`function` at the shapes of `examples`. Its trace is its name: equal programs are built once on a machine."""

    def __init__(self, function: InPlace, examples: Sequence[Tensor]) -> None:
        def returning(*tensors: Tensor) -> tuple[()]:
            function(*tensors)
            return ()

        self._examples = tuple(examples)
        self._graph: GraphModule = make_fx(returning, tracing_mode="fake")(*examples)
        self._graph.graph.eliminate_dead_code()
        self._graph.recompile()
        shapes = [(tuple(e.shape), tuple(e.stride()), str(e.dtype), str(e.device)) for e in examples]
        made_for = [torch.__version__, torch.get_num_threads(), torch.backends.cpu.get_cpu_capability()]
        if examples[0].device.type == "cuda":
            made_for.append(torch.cuda.get_device_name())
        text = json.dumps([self._graph.code, shapes, made_for])
        self._path = folder() / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.pt2"

    @property
    def is_built(self) -> bool:
        return self._path.exists()

    def load(self) -> InPlace:
        """The built program, built first if it is not. Raises CompilerError if that is needed and cannot be."""
        if not self.is_built:
            self._build()
        # torch._inductor.aoti_load_package would import the whole compiler, seconds, to do this.
        loader = torch._C._aoti.AOTIModelPackageLoader(str(self._path), "model", False, 1, -1)

        def program(*tensors: Tensor) -> None:
            loader.run(list(tensors))

        return program

    def _build(self) -> None:
        from torch._inductor import aoti_compile_and_package
        from torch._inductor.cpp_builder import get_cpp_compiler
        from torch._inductor.exc import CppCompileError, InvalidCxxCompiler

        try:
            get_cpp_compiler()
        except InvalidCxxCompiler as error:
            raise CompilerError("this machine has no C++ compiler") from error
        started = time.perf_counter()
        folder().mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings(), tempfile.TemporaryDirectory(dir=folder()) as there:
            warnings.simplefilter("ignore")  # of torch's own making, about its own modules
            logging.getLogger("torch._inductor").setLevel(logging.ERROR)
            exported = torch.export.export(self._graph, self._examples)
            try:
                built = aoti_compile_and_package(
                    exported, package_path=os.path.join(there, "program.pt2"), inductor_configs=SETTINGS
                )
            except CppCompileError as error:
                raise CompilerError(f"the C++ compiler failed: {str(error)[:2000]}") from error
            os.replace(built, self._path)  # whoever builds the same at the same time finds a whole file
        _seconds_file().write_text(json.dumps(time.perf_counter() - started))


def folder() -> Path:
    """Where built programs are kept: the user's cache."""
    return user_cache_path("dropout-lab") / "programs"


def build_seconds() -> float:
    """What building a program costs: as long as the last one took on this machine, or a first one elsewhere."""
    try:
        return float(json.loads(_seconds_file().read_text()))
    except (OSError, ValueError):
        return FIRST_BUILD_SECONDS


FIRST_BUILD_SECONDS = 25.0
"""Measured on two cores: the compiler's own headers are prepared in the first build."""


def _seconds_file() -> Path:
    return folder() / "build_seconds.json"
