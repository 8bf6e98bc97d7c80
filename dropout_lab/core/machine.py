"""Properties of this machine that results or compiled programs depend on."""

import ctypes
import os
import platform
import signal
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path


def processor() -> str:
    """The processor's name; its architecture where the system gives no name."""
    return _cpuinfo().get("model name") or platform.processor() or platform.machine()


def instructions() -> str:
    """The processor's instruction sets, as the system names them; empty where it does not."""
    return _cpuinfo().get("flags") or _cpuinfo().get("Features") or ""


@cache
def keep_freed_memory() -> None:
    """Let glibc keep freed memory for the next allocation; do nothing with another C library.

    By default glibc returns large tensors to the system when they are freed, and the system clears every page of the
    next one. That takes a third of the time of an eager evaluation of a convolutional network.
    """
    libc = ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
    if libc is not None:
        libc.mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        libc.mallopt(_M_TRIM_THRESHOLD, 1 << 30)


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""From <malloc.h>; the second takes at most 32 MiB."""


def end_with(parent: int) -> None:
    """End this process when `parent`, which started it, ends in any way. Works on Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended already
        os._exit(1)


_PR_SET_PDEATHSIG = 1
"""From <sys/prctl.h>."""


@cache
def _cpuinfo() -> Mapping[str, str]:
    try:
        first, _, _ = Path("/proc/cpuinfo").read_text().partition("\n\n")
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}
