"""Programs that are built in the tests' process, which so loads the compiler once for all of them.

A process of its own for each program, as the package has it, spends a third of its time on loading what it needs. All
else is the package's: the order is written and read, and the program is tried.
"""

import io
import os
import pickle
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from dropout_lab.cohort.compilation import process
from dropout_lab.cohort.compilation.build import ORDER, PROGRAM, CompilerError


class BuiltHere:
    """In place of `Building`."""

    def __init__(self, there: Path) -> None:
        self._temporary = tempfile.TemporaryDirectory(dir=there)
        self._folders: list[Path] = []

    def order(self, order: bytes) -> None:
        """Torch's headers are always compiled first: there are many programs to come."""
        folder = Path(self._temporary.name) / str(len(self._folders))
        folder.mkdir()
        (folder / ORDER).write_bytes(pickle.dumps(replace(pickle.loads(order), precompile_headers=True)))
        self._folders.append(folder)

    def results(self, patience: float) -> Sequence[Path]:
        said = io.StringIO()
        with (
            patch.dict(os.environ, TORCHINDUCTOR_CACHE_DIR=f"{os.environ['DROPOUT_LAB_TESTS']}/kernels-{os.getpid()}"),
            warnings.catch_warnings(),
            redirect_stdout(said),
        ):
            warnings.simplefilter("ignore")
            try:
                for folder in self._folders:
                    process.build(folder)
            except SystemExit:
                raise CompilerError(said.getvalue()) from None
        return [folder / PROGRAM for folder in self._folders]

    def close(self) -> None:
        self._temporary.cleanup()
