"""Settings of all tests."""

import atexit
import os
import shutil
import tempfile

import pytest
from hypothesis import settings

# Programs that earlier runs built would make `trainer.compile=auto` compile where a first run trains eagerly.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="dropout-lab-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)

# The networks are so small that a second thread costs more than it brings, most of all beside another process.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# As dropout_lab.cohort sets it, which may be imported after the library's first use here.
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")

settings.register_profile("patient", deadline=None, derandomize=True)  # the machine may be doing something else
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _seed() -> None:
    """What a test draws is the same in every run."""
    import torch  # not before the threads are set

    torch.manual_seed(0)
