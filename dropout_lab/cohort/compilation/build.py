"""Programs that are being built in another process, seen from the process that waits for them. Needs no torch."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

ORDER, PROGRAM, BUILT, FAILED = "order", "program.pt2", "built", "failed: "

# -P: modules are found on the path of this process, not in its current folder.
COMMAND = (sys.executable, "-P", "-m", "dropout_lab.cohort.compilation.process")


class CompilerError(Exception):
    """A program cannot be compiled on this machine; the message says why."""


class Building:
    """A process of `compilation.process`, in a folder of its own inside `there`.

    It loads the compiler while programs are being traced, and builds those that are ordered side by side.
    """

    def __init__(self, there: Path) -> None:
        self._is_ended = False
        self._ordered = 0
        self._temporary = tempfile.TemporaryDirectory(dir=there, ignore_cleanup_errors=True)
        self._folder = Path(self._temporary.name)
        self._said, self._errors = self._folder / "said", self._folder / "errors"
        command = [*COMMAND, str(self._folder), str(os.getpid())]
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        # A compiler's temporary files go with the folder, also if the process is killed.
        environment = {**os.environ, "PYTHONPATH": path, "TORCHINDUCTOR_CACHE_DIR": str(self._folder / "kernels")}
        with self._said.open("wb") as said, self._errors.open("wb") as errors:
            # In a session of its own, it can be ended with all its compilers, and Ctrl-C does not reach it.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=said, stderr=errors, env=environment, start_new_session=True
            )

    def order(self, order: bytes) -> None:
        """Orders one more program: a pickled `process.Order`."""
        folder = self._folder / str(self._ordered)
        folder.mkdir()
        (folder / ORDER).write_bytes(order)
        self._ordered += 1

    def results(self, patience: float) -> Sequence[Path]:
        """The programs in the order of their orders, each built and run once.

        Raises CompilerError if one fails, or if they are not ready after `patience` seconds.
        """
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended, and its status says how
            self._process.stdin.write(b"begin\n")
            self._process.stdin.close()
        try:
            status = self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._end()
            was = "running it" if self._is_built else "compiling"
            raise CompilerError(f"{was} took more than {patience / 60:.0f} minutes") from None
        if status != 0:
            raise CompilerError(self._reason(status))
        return [self._folder / str(number) / PROGRAM for number in range(self._ordered)]

    def close(self) -> None:
        """Ends the process and the compilers that it has started, and removes the folder."""
        self._end()
        self._temporary.cleanup()

    def _end(self) -> None:
        if self._is_ended:
            return
        with suppress(ProcessLookupError, PermissionError):  # none is left; on macOS, only ended ones
            os.killpg(self._process.pid, signal.SIGKILL)  # compilers survive a process that has died
        self._process.wait()
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._is_ended = True

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


def folder() -> Path:
    """The folder of built programs, in the user's cache."""
    return user_cache_path("dropout-lab") / "programs"
