"""Lanes shared out between processes: each works on its share with one thread, on memory that all of them see.

A second thread helps little where a step consists of many small operations: for each of them the threads wait for each
other, and Python's own threads for the interpreter. Lanes do not depend on each other, so processes wait once an epoch.
"""

import mmap
import multiprocessing
import os
import pickle
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import torch
from torch import Tensor

from dropout_lab.core.machine import end_with

Task = Callable[..., None]
"""Takes the share, then what is sent along; writes its results into shared memory."""


def can_fork() -> bool:
    """Whether this process can have such processes beside it.

    Not everywhere can a process that has threads be forked safely; where torch finds an accelerator, its autograd keeps
    threads that a forked process cannot do without; and a daemonic process may have no children.
    """
    is_daemon = multiprocessing.current_process().daemon
    return sys.platform == "linux" and not torch.accelerator.is_available() and not is_daemon


class Shares:
    """`tasks`, by name, done for each of `shares`: for the first one here, for each other one in a process of its own.

    The processes see what is in memory now; of what changes afterwards, only what `share` was given. Each has one
    thread, for OpenMP's others do not survive a fork: so must this one, if there are others.
    """

    def __init__(self, shares: Sequence[slice], tasks: Mapping[str, Task]) -> None:
        self._own, self._tasks = shares[0], tasks
        self._others: list[tuple[BaseProcess, Connection]] = []
        if len(shares) > 1 and torch.get_num_threads() != 1:
            raise ValueError(f"{len(shares)} processes need one thread each, not {torch.get_num_threads()}")
        try:
            for share in shares[1:]:
                self._start(share)
        except OSError:
            self.close()
            raise

    def _start(self, share: slice) -> None:
        context = multiprocessing.get_context("fork")
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(there, here, os.getpid(), share, self._tasks), daemon=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads; they hold nothing that is used there
            process.start()
        there.close()
        self._others.append((process, here))

    def do(self, task: str, *given: Any) -> None:
        """Does a task for all shares, and returns when all are done. Raises what a task raises."""
        for _, connection in self._others:
            connection.send((task, given))
        self._tasks[task](self._own, *given)
        errors = [error for process, connection in self._others if (error := _answer(process, connection)) is not None]
        if errors:
            raise errors[0]

    def close(self) -> None:
        """Ends the processes."""
        for process, connection in self._others:
            connection.close()
            process.terminate()
            process.join()
        self._others = []


def share(tensors: Iterable[Tensor]) -> None:
    """Moves these tensors, in place, into memory that processes forked later share; views of them stay behind."""
    for tensor in tensors:
        if tensor.numel() > 0:
            memory = mmap.mmap(-1, tensor.nbytes)
            there = torch.frombuffer(memory, dtype=tensor.dtype).view(tensor.shape)
            there.copy_(tensor)
            tensor.set_(there)  # type: ignore[call-overload]


def _serve(requests: Connection, parents: Connection, parent: int, share: slice, tasks: Mapping[str, Task]) -> None:
    parents.close()  # else the end of that process would not be seen here
    end_with(parent)  # also amid an epoch
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; this one ends with the first one
    while True:
        try:
            task, given = requests.recv()
        except EOFError:
            return
        try:
            tasks[task](share, *given)
        except (Exception, SystemExit) as error:  # a user's network may call sys.exit
            requests.send(_as_sent(error))
        else:
            requests.send(None)


def _answer(process: BaseProcess, connection: Connection) -> BaseException | None:
    try:
        error: BaseException | None = connection.recv()
    except (EOFError, OSError):
        process.join()
        text = f"a process of the training ended by itself (exit code {process.exitcode})"
        # The system kills who takes too much memory.
        return MemoryError(text) if process.exitcode == -signal.SIGKILL else RuntimeError(text)
    return error


def _as_sent(error: BaseException) -> BaseException:
    """The error itself; what cannot be sent to another process, in words."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError("".join(traceback.format_exception(error)))
    return error
