"""Builds programs and runs each once, in processes of their own.

A compiler or a program that crashes, hangs or takes all memory ends these processes only.

    python -m dropout_lab.cohort.compilation.process FOLDER PARENT

loads the compiler. Once there is a line on its standard input, it reads `order` in each folder of FOLDER whose name is
a number, and leaves `program.pt2` there. Each program is built by a process that is forked from it, so that the
compiler is loaded once. The first that fails ends all, with its status, and what it has printed: `BUILT` when its
program was built, or `FAILED` and the reason.
"""

import gc
import logging
import multiprocessing
import os
import pickle
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule

from dropout_lab.cohort.compilation.build import BUILT, FAILED, ORDER, PROGRAM
from dropout_lab.cohort.compilation.build import folder as programs_folder
from dropout_lab.core import machine
from dropout_lab.core.torch_private import build_program, graph_imports, load_compiler, open_program

TILE = 16
"""Columns that a kernel of the library's float32 product computes at once, with AVX2; with AVX512 there are more."""

SETTINGS = {
    "aot_inductor.package": True,
    # Torch already knows the processor's instructions; the compiler would build five programs to try them again.
    "cpp.vec_isa_ok": True,
    # Line tables, which only a debugger reads, take a seventh of the compilation of a wrapper.
    "aot_inductor.enable_line_tables": False,
    # The wrapper only calls the kernels, which are optimised; leaving it as it is saves a quarter of its compilation.
    "aot_inductor.compile_wrapper_opt_level": "O0",
}


@dataclass(frozen=True)
class Order:
    """The program to build."""

    code: str
    """A graph's source. A pickled graph is not faithful: values that depend on no argument come back as constants."""
    constants: dict[str, Tensor]
    """The tensors that the graph holds."""
    examples: list[tuple[tuple[int, ...], tuple[int, ...], torch.dtype]]
    """Shape, strides and type of each argument."""
    threads: int
    precompile_headers: bool
    """Whether torch's headers are compiled first, once for all programs of a machine (20 s, 280 MB in torch's cache).

    Only programs with constants include them all, see `core.short_program`; it saves 8 s for each of these.
    """

    @classmethod
    def of(cls, graph: GraphModule, examples: tuple[Tensor, ...], *, precompile_headers: bool) -> "Order":
        """The order of a graph for arguments like `examples`."""
        shapes = [(tuple(example.shape), example.stride(), example.dtype) for example in examples]
        return cls(graph.code, constants(graph), shapes, torch.get_num_threads(), precompile_headers)

    def graph(self) -> GraphModule:
        """The graph again."""
        names: dict[str, Any] = {}
        exec("\n".join(graph_imports()) + self.code, names)
        held = SimpleNamespace(**self.constants)
        return traced(lambda *tensors: names["forward"](held, *tensors), self.arguments())

    def arguments(self) -> list[Tensor]:
        """Zeros of the examples' shapes."""
        return [torch.empty_strided(shape, stride, dtype=dtype).zero_() for shape, stride, dtype in self.examples]


def main(folder: Path, parent: int) -> None:
    """Builds the programs that are ordered in `folder`; ends with the process `parent`."""
    machine.end_with(parent)
    # A builder lives for seconds. Searching the many objects of a compiler for garbage would take a third of them.
    gc.disable()
    load_compiler()  # takes seconds, in which the process that gives the order traces it
    if not sys.stdin.readline():  # nothing is to be built
        return
    # Forking is safe on Linux only; elsewhere each process loads the compiler.
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    orders = sorted((path for path in folder.iterdir() if path.name.isdecimal()), key=lambda path: int(path.name))
    builders: list[tuple[BaseProcess, Path]] = []
    for order in orders:
        builder = context.Process(target=_build_apart, args=(order, os.getpid()))
        builder.start()
        builders.append((builder, order))
    while builders:
        ended = wait([builder.sentinel for builder, _ in builders])
        for builder, order in builders:
            if builder.sentinel in ended:
                builder.join()
                if builder.exitcode != 0:
                    _end_like(builder, order)
        builders = [(builder, order) for builder, order in builders if builder.sentinel not in ended]


def _build_apart(folder: Path, parent: int) -> None:
    machine.end_with(parent)
    for name, stream in (("said", 1), ("errors", 2)):
        written = os.open(folder / name, os.O_WRONLY | os.O_CREAT)
        os.dup2(written, stream)
    build(folder)


def _end_like(builder: BaseProcess, folder: Path) -> None:
    """Ends this process as one of its builders has ended."""
    for name, stream in (("said", 1), ("errors", 2)):
        if (folder / name).exists():
            os.write(stream, (folder / name).read_bytes())
    status = builder.exitcode or 0
    if status < 0:
        os.kill(os.getpid(), -status)
    sys.exit(status if status > 0 else 1)


def build(folder: Path) -> None:
    """Builds the program that is ordered in `folder`, and runs it once."""
    order: Order = pickle.loads((folder / ORDER).read_bytes())
    torch.set_num_threads(order.threads)
    warnings.simplefilter("ignore")  # torch warns about its own modules
    logging.getLogger("torch._inductor").setLevel(logging.ERROR)
    try:
        settings = SETTINGS | {"aot_inductor.precompile_headers": order.precompile_headers}
        arguments, has_constants = order.arguments(), bool(order.constants)
        path, headers = folder / PROGRAM, programs_folder()
        build_program(order.graph(), arguments, path, settings, headers, has_constants=has_constants)
    except Exception as error:
        print(f"{FAILED}{_in_a_line(error)}", flush=True)
        sys.exit(1)
    print(BUILT, flush=True)
    open_program(folder / PROGRAM)(order.arguments())


def traced(function: Callable[..., object], examples: Sequence[Tensor]) -> GraphModule:
    """The operations of `function` on tensors like these; its return value is ignored."""
    from torch.fx.experimental.proxy_tensor import make_fx

    def returning(*tensors: Tensor) -> tuple[()]:
        function(*tensors)
        return ()

    graph: GraphModule = make_fx(returning, tracing_mode="fake")(*examples)
    _turn_thin_products(graph)
    graph.graph.eliminate_dead_code()
    graph.recompile()
    return graph


def _turn_thin_products(graph: GraphModule) -> None:
    """Has products with few columns, as of an output layer, computed as the transpose of (b^T a^T).

    The library computes `TILE` columns at once, so that a product with ten takes up to four times as long.
    """
    aten = torch.ops.aten
    for node in graph.graph.find_nodes(op="call_function", target=aten.bmm.default):
        rows, columns = node.meta["val"].shape[1:]
        if not columns < TILE <= rows:
            continue
        with graph.graph.inserting_before(node):
            turned = [graph.graph.call_function(aten.transpose.int, (factor, 1, 2)) for factor in reversed(node.args)]
            product = graph.graph.call_function(aten.bmm.default, tuple(turned))
            back = graph.graph.call_function(aten.transpose.int, (product, 1, 2))
            result = graph.graph.call_function(aten.clone.default, (back,), {"memory_format": torch.contiguous_format})
        product.meta["val"], result.meta["val"] = node.meta["val"].transpose(1, 2), node.meta["val"]
        node.replace_all_uses_with(result)


def constants(graph: GraphModule) -> dict[str, Tensor]:
    """The tensors that a graph holds, by name."""
    return {str(node.target): getattr(graph, str(node.target)) for node in graph.graph.nodes if node.op == "get_attr"}


def _in_a_line(error: Exception) -> str:
    """The line of a message, which may be pages long, that names the error."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    telling = [line for line in lines if "error:" in line or "No space left" in line]
    return (telling or lines)[0][:300]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
