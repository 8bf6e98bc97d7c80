"""Worker processes that divide the lanes: each works on its own lanes, with one thread, in memory that all share.

A second thread gains little where a step consists of many small operations: the threads wait for each other at every
operation, and Python's threads also for the interpreter. Lanes are independent, so processes wait once an epoch.
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
"""Takes a process's lanes, then the arguments of `WorkerPool.do`; writes its results into shared memory."""


def can_fork() -> bool:
    """Whether this process may start workers by forking.

    Forking is safe on Linux only; where torch finds an accelerator, its autograd keeps threads that do not survive a
    fork; and a daemonic process may have no children.
    """
    is_daemon = multiprocessing.current_process().daemon
    return sys.platform == "linux" and not torch.accelerator.is_available() and not is_daemon


class WorkerPool:
    """Runs `tasks`, by name, on several slices of lanes: the first slice in this process, each other one in a worker.

    Workers see the memory as it is when they start; of later changes they see those to tensors that `share_memory` has
    moved. Each has one thread, since OpenMP's other threads do not survive a fork; so this process must have one, too.
    """

    def __init__(self, lanes: Sequence[slice], tasks: Mapping[str, Task]) -> None:
        self._own, self._tasks = lanes[0], tasks
        self._workers: list[tuple[BaseProcess, Connection]] = []
        if len(lanes) > 1 and torch.get_num_threads() != 1:
            raise ValueError(f"{len(lanes)} processes need one thread each, not {torch.get_num_threads()}")
        try:
            for part in lanes[1:]:
                self._start(part)
        except OSError:
            self.close()
            raise

    def _start(self, lanes: slice) -> None:
        context = multiprocessing.get_context("fork")
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(there, here, os.getpid(), lanes, self._tasks), daemon=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # about threads; they hold nothing that workers use
            process.start()
        there.close()
        self._workers.append((process, here))

    def do(self, task: str, *arguments: Any) -> None:
        """Runs a task on all lanes and waits for all processes. Raises what a task raises."""
        for _, connection in self._workers:
            connection.send((task, arguments))
        self._tasks[task](self._own, *arguments)
        errors = [error for process, connection in self._workers if (error := _answer(process, connection)) is not None]
        if errors:
            raise errors[0]

    def close(self) -> None:
        """Ends the workers."""
        for process, connection in self._workers:
            connection.close()
            process.terminate()
            process.join()
        self._workers = []


def share_memory(tensors: Iterable[Tensor]) -> None:
    """Moves these tensors, in place, into memory that workers started later share; views of them stay behind."""
    for tensor in tensors:
        if tensor.numel() > 0:
            memory = mmap.mmap(-1, tensor.nbytes)
            there = torch.frombuffer(memory, dtype=tensor.dtype).view(tensor.shape)
            there.copy_(tensor)
            tensor.set_(there)  # type: ignore[call-overload]


def _serve(requests: Connection, parents: Connection, parent: int, lanes: slice, tasks: Mapping[str, Task]) -> None:
    parents.close()  # otherwise the worker would not notice the end of its parent
    end_with(parent)  # also in the middle of an epoch
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; a worker ends with its parent
    while True:
        try:
            task, arguments = requests.recv()
        except EOFError:
            return
        try:
            tasks[task](lanes, *arguments)
        except (Exception, SystemExit) as error:  # a user's network may call sys.exit
            requests.send(_sendable(error))
        else:
            requests.send(None)


def _answer(process: BaseProcess, connection: Connection) -> BaseException | None:
    try:
        error: BaseException | None = connection.recv()
    except (EOFError, OSError):
        process.join()
        text = f"a process of the training ended by itself (exit code {process.exitcode})"
        # The system kills processes that take too much memory.
        return MemoryError(text) if process.exitcode == -signal.SIGKILL else RuntimeError(text)
    return error


def _sendable(error: BaseException) -> BaseException:
    """The error itself, or its traceback as the message of a RuntimeError if it cannot be pickled."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError("".join(traceback.format_exception(error)))
    return error
