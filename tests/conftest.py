"""Settings of all tests."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# One folder for the whole session: the process that starts the workers makes it, hands it to them, and removes it.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["DROPOUT_LAB_TESTS"] = tempfile.mkdtemp(prefix="dropout-lab-tests-")
    atexit.register(shutil.rmtree, os.environ["DROPOUT_LAB_TESTS"], ignore_errors=True)
SESSION = Path(os.environ["DROPOUT_LAB_TESTS"])

# A worker's own cache: a program that another test built would make `trainer.compile=auto` compile where a first run
# trains eagerly. Tests that compile take the fixture `shared_programs`.
os.environ["XDG_CACHE_HOME"] = str(SESSION / os.environ.get("PYTEST_XDIST_WORKER", "alone"))

# One thread a worker. The networks are so small that a second one costs more than it brings; where threads are the
# point, a test sets their number.
os.environ["OMP_NUM_THREADS"] = "1"

# As dropout_lab.cohort sets it, which may be imported after the library's first use here.
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")

# No deadline: the machine may be doing something else.
settings.register_profile("patient", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _seed() -> None:
    """What a test draws is the same in every run."""
    import torch  # not before the threads are set

    torch.manual_seed(0)


@pytest.fixture
def shared_programs(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache in which all tests that compile keep their programs, those of other workers and processes as well."""
    folder = SESSION / "compiled"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder
