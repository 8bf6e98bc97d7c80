"""Settings of all tests."""

import atexit
import gc
import os
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path

import pytest
from hypothesis import settings

# One folder for the whole session: the process that starts the workers makes it, hands it to them, and removes it.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["DROPOUT_LAB_TESTS"] = tempfile.mkdtemp(prefix="dropout-lab-tests-")
    atexit.register(shutil.rmtree, os.environ["DROPOUT_LAB_TESTS"], ignore_errors=True)
SESSION = Path(os.environ["DROPOUT_LAB_TESTS"])

# Matplotlib's list of fonts, which takes seconds to make, is the user's, in all workers and processes.
os.environ.setdefault(
    "MPLCONFIGDIR", str(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "matplotlib")
)

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


COMPILING = ("built_here", "shared_programs")
"""The fixtures of tests that compile, in the order of those tests."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that take longest begin first, so that the workers end together."""

    def place(item: pytest.Item) -> int:
        if item.get_closest_marker("long"):
            return 0
        fixtures: Collection[str] = getattr(item, "fixturenames", ())
        return next((1 + turn for turn, name in enumerate(COMPILING) if name in fixtures), 1 + len(COMPILING))

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """In the processes that run tests, configs are read once, and what is imported is not searched for garbage.

    That search would take a twentieth of the time.
    """
    from tests.remembered import remember

    remember()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


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


@pytest.fixture
def built_here(shared_programs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`shared_programs`, of which missing ones are built in this process."""
    from dropout_lab.cohort.compilation import ahead
    from tests.cohort.built_here import BuiltHere

    monkeypatch.setattr(ahead, "Building", BuiltHere)
    return shared_programs
