"""What this machine is, as far as a result or a compiled program depends on it."""

import ctypes
import os
import platform
import signal
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path


def processor() -> str:
    """The processor's name; where the system does not tell, its architecture."""
    return _cpuinfo().get("model name") or platform.processor() or platform.machine()


def instructions() -> str:
    """The instruction sets that the processor has, in the system's words; empty where it does not tell."""
    return _cpuinfo().get("flags") or _cpuinfo().get("Features") or ""


@cache
def keep_freed_memory() -> None:
    """Lets the C library keep what is freed for what is allocated next, where it is glibc; else nothing.

    By default large tensors are given back to the system when they are freed, and every page of the next one is fetched
    and cleared again: of an eager evaluation of a convolutional network, a third of the time.
    """
    libc = ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
    if libc is not None:
        libc.mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        libc.mallopt(_M_TRIM_THRESHOLD, 1 << 30)


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Of <malloc.h>; 32 MiB is the most that it takes for the second."""


def end_with(parent: int) -> None:
    """Lets this process, started by `parent`, end when that one does, however it ends; where the system is Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended already
        os._exit(1)


_PR_SET_PDEATHSIG = 1
"""Of <sys/prctl.h>."""


@cache
def _cpuinfo() -> Mapping[str, str]:
    try:
        first, _, _ = Path("/proc/cpuinfo").read_text().partition("\n\n")
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}
