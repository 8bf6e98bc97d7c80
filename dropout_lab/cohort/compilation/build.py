"""A program that is being built in another process, seen from the process that waits for it."""

import os
import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from torch import Tensor
from torch.fx import GraphModule

from dropout_lab.cohort.compilation.process import BUILT, FAILED, ORDER, PROGRAM, Order

# -P: modules are found on the path of this process, not in its current folder.
COMMAND = (sys.executable, "-P", "-m", "dropout_lab.cohort.compilation.process")


class CompilerError(Exception):
    """A program cannot be compiled on this machine; the message says why."""


class Building:
    """A process of `compilation.process`, in its own folder. It loads the compiler while `order` is being prepared."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._is_closed = False
        self._folder, self._said, self._errors = folder, folder / "said", folder / "errors"
        command = [*COMMAND, str(folder), str(os.getpid())]
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        # A compiler's temporary files go with the folder, also if the process is killed.
        environment = {**os.environ, "PYTHONPATH": path, "TORCHINDUCTOR_CACHE_DIR": str(folder / "kernels")}
        with self._said.open("wb") as said, self._errors.open("wb") as errors:
            # In a session of its own, it can be ended with all its compilers, and Ctrl-C does not reach it.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=said, stderr=errors, env=environment, start_new_session=True
            )

    def order(self, graph: GraphModule, examples: tuple[Tensor, ...], *, precompile_headers: bool) -> None:
        """Orders the program of a graph for arguments like `examples`."""
        order = Order.of(graph, examples, precompile_headers=precompile_headers)
        (self._folder / ORDER).write_bytes(pickle.dumps(order))
        assert self._process.stdin is not None
        self._process.stdin.close()

    def result(self, patience: float) -> Path:
        """The program, built and run once. Raises CompilerError if it is not ready after `patience` seconds."""
        try:
            status = self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self.close()
            was = "running it" if self._is_built else "compiling"
            raise CompilerError(f"{was} took more than {patience / 60:.0f} minutes") from None
        if status != 0:
            raise CompilerError(self._reason(status))
        return self._folder / PROGRAM

    def close(self) -> None:
        """Ends the process and the compilers that it has started, which survive it if it has died."""
        if not self._is_closed:
            with suppress(ProcessLookupError, PermissionError):  # none is left; on macOS, only ended ones
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._is_closed = True
        if self._process.stdin is not None:
            self._process.stdin.close()

    @property
    def _is_built(self) -> bool:
        return BUILT in self._lines(self._said)

    def _reason(self, status: int) -> str:
        failed = [line.removeprefix(FAILED) for line in self._lines(self._said) if line.startswith(FAILED)]
        if failed:
            return f"compiling failed: {failed[0]}"
        errors = self._lines(self._errors)
        how = errors[-1][:300] if errors and status > 0 else _ended_by(status)
        return (
            f"the compiled program crashed when it was tried: {how}" if self._is_built else f"compiling failed: {how}"
        )

    def _lines(self, path: Path) -> list[str]:
        return [line.strip() for line in path.read_text(errors="replace").splitlines() if line.strip()]


def _ended_by(status: int) -> str:
    if status == -signal.SIGKILL:
        return "its process was killed, as the system does where memory runs out"
    return f"its process ended by {signal.Signals(-status).name}" if status < 0 else f"its process ended with {status}"
