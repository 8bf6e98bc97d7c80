"""What this machine is, as far as a result or a compiled program depends on it."""

import platform
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
def _cpuinfo() -> Mapping[str, str]:
    try:
        first, _, _ = Path("/proc/cpuinfo").read_text().partition("\n\n")
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}
