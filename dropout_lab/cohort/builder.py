"""Builds one program and runs it once, in a process of its own: a compiler that crashes, hangs or takes all memory, and
a program that does, end that process alone.

    python -m dropout_lab.cohort.builder FOLDER

begins to load the compiler, reads `order` in FOLDER once its standard input is closed, and leaves `program.pt2` there.
What it prints says how far it has come: `BUILT`, or `FAILED` and the reason.
"""

import logging
import pickle
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.fx import GraphModule

from dropout_lab import machine

ORDER, PROGRAM, BUILT, FAILED = "order", "program.pt2", "built", "failed: "

SETTINGS = {
    "aot_inductor.package": True,
    # Torch has found out already what this processor can do; the compiler would compile five programs to try it again.
    "cpp.vec_isa_ok": True,
    # Preparing torch's headers costs more than they save in the two programs of a sweep: 21 s against 16 s, two cores.
    "aot_inductor.precompile_headers": False,
    # The wrapper calls the kernels, which have optimisation of their own: a quarter of its compilation is saved.
    "aot_inductor.compile_wrapper_opt_level": "O0",
}


@dataclass(frozen=True)
class Order:
    """What is to be built."""

    graph: GraphModule
    examples: list[tuple[tuple[int, ...], tuple[int, ...], torch.dtype]]
    """Shape, strides and type of each argument."""
    threads: int

    @classmethod
    def of(cls, graph: GraphModule, examples: tuple[Tensor, ...]) -> "Order":
        return cls(graph, [(tuple(e.shape), e.stride(), e.dtype) for e in examples], torch.get_num_threads())

    def arguments(self) -> list[Tensor]:
        """Zeros of the examples' shapes."""
        return [torch.empty_strided(shape, stride, dtype=dtype).zero_() for shape, stride, dtype in self.examples]


def main(folder: Path, parent: int) -> None:
    machine.end_with(parent)
    import torch._inductor.compile_fx  # seconds, in which whoever gives the order traces it

    sys.stdin.read()
    order: Order = pickle.loads((folder / ORDER).read_bytes())
    torch.set_num_threads(order.threads)
    warnings.simplefilter("ignore")  # of torch's own making, about its own modules
    logging.getLogger("torch._inductor").setLevel(logging.ERROR)
    try:
        _build(order, folder)
    except Exception as error:
        print(f"{FAILED}{_in_a_line(error)}", flush=True)
        sys.exit(1)
    print(BUILT, flush=True)
    open_program(folder / PROGRAM).run(order.arguments())


def open_program(path: Path) -> "torch._C._aoti.AOTIModelPackageLoader":
    """The built program. torch._inductor.aoti_load_package would import the whole compiler, seconds, to do this."""
    return torch._C._aoti.AOTIModelPackageLoader(str(path), "model", False, 1, -1)


def _build(order: Order, folder: Path) -> None:
    from torch._inductor import aot_compile
    from torch._inductor.package import package_aoti

    for node in order.graph.graph.nodes:
        node.meta.clear()  # each constant was read back as one of a trace of its own
    # torch.export would trace once more what is a graph of tensor operations already, to the same kernels.
    files = aot_compile(order.graph, tuple(order.arguments()), options=SETTINGS)
    package_aoti(str(folder / PROGRAM), files)


def _in_a_line(error: Exception) -> str:
    """The line of a message, which may be pages of a compiler's, that says what was wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    telling = [line for line in lines if "error:" in line or "No space left" in line]
    return (telling or lines)[0][:300]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
