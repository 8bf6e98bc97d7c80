"""Where results come from: the versions, the commit and the machine that a command's record names."""

import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dropout_lab.core.machine import processor

PACKAGES = ("dropout-lab", "torch", "hydra-core", "optuna", "numpy", "pandas", "scikit-learn")


def provenance() -> Mapping[str, Any]:
    """The fields of a command's record that say where it ran."""
    return {
        "versions": dict(versions()),
        "git_commit": _git_commit(),
        "machine": {"system": platform.platform(), "cpu": processor(), "cores": os.cpu_count()},
    }


def versions() -> Mapping[str, str]:
    """The versions on which results may depend: Python's and the packages'."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def _git_commit() -> str | None:
    """The commit of the checkout that this code runs from; None for an installed package."""
    here = Path(__file__).parent
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, timeout=5)
        ours = subprocess.run(
            ["git", "ls-files", "--error-unmatch", __file__], cwd=here, capture_output=True, timeout=5
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() if found.returncode == 0 and ours.returncode == 0 else None
