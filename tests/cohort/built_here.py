"""Programs that are built in the tests' process, which so loads the compiler once for all of them.

A process of its own for each program, as the package has it, spends a third of its time on loading what it needs. All
else is the package's: the order is written and read, and the program is tried.
"""

import io
import os
import pickle
import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from unittest.mock import patch

from torch import Tensor
from torch.fx import GraphModule

from dropout_lab.cohort.compilation import process
from dropout_lab.cohort.compilation.build import CompilerError
from dropout_lab.core import machine


class BuiltHere:
    """In place of `Building`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder

    def order(self, graph: GraphModule, examples: tuple[Tensor, ...], *, precompile_headers: bool) -> None:
        """Torch's headers are always compiled first: there are many programs to come."""
        order = process.Order.of(graph, examples, precompile_headers=True)
        (self._folder / process.ORDER).write_bytes(pickle.dumps(order))

    def result(self, patience: float) -> Path:
        said = io.StringIO()
        with (
            patch.dict(os.environ, TORCHINDUCTOR_CACHE_DIR=f"{os.environ['DROPOUT_LAB_TESTS']}/kernels-{os.getpid()}"),
            patch.object(machine, "end_with", lambda parent: None),
            patch.object(sys, "stdin", io.StringIO()),
            warnings.catch_warnings(),
            redirect_stdout(said),
        ):
            warnings.simplefilter("ignore")
            try:
                process.main(self._folder, os.getppid())
            except SystemExit:
                raise CompilerError(said.getvalue()) from None
        return self._folder / process.PROGRAM

    def close(self) -> None:
        """There is nothing to end."""
