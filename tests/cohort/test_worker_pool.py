"""Lanes divided between processes: the same results, and no process is left over."""

import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from dropout_lab.cohort import loop
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.recipe import RunList
from dropout_lab.cohort.width import Widths
from dropout_lab.cohort.worker_pool import WorkerPool, can_fork, share_memory
from tests.cohort.runs import outcome, recipe, structure
from tests.matrix import first

CPU = torch.device("cpu")
pytestmark = pytest.mark.skipif(not can_fork(), reason="here processes cannot be forked safely")


@pytest.mark.parametrize("model", first(("mlp",), ("mlp", "cnn")))
def test_the_results_are_those_of_one_process(model: str) -> None:
    made = replace(structure(model), mc_samples=2)
    recipes = [recipe(number, epochs=1 + number % 2) for number in range(7)]
    results = []
    for widths in (Widths.fixed(4), Widths.fixed(2, processes=2), Widths.fixed(2, processes=3)):
        runs = RunList(recipes)
        loop.train(made, widths, "never", runs, CPU)
        results.append(runs.results)
    for other in results[1:]:
        for run in recipes:
            assert outcome(other[run.id]) == outcome(results[0][run.id])
            assert other[run.id].metrics == results[0][run.id].metrics
    assert not multiprocessing.active_children()


def test_each_process_works_on_its_lanes_in_shared_memory() -> None:
    numbers = torch.arange(6, dtype=torch.int32)
    share_memory([numbers])

    def add(lanes: slice, more: int) -> None:
        numbers[lanes] += more + os.getpid() * 0

    pool = WorkerPool([slice(0, 3), slice(3, 6)], {"add": add})
    numbers += 1  # what changes afterwards is seen there, too
    pool.do("add", 10)
    pool.close()
    assert numbers.tolist() == [11, 12, 13, 14, 15, 16]


@pytest.fixture
def two_threads() -> Iterator[None]:
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


@pytest.mark.usefixtures("two_threads")
def test_processes_of_several_threads_are_refused() -> None:
    with pytest.raises(ValueError, match="one thread each"):
        WorkerPool([slice(0, 1), slice(1, 2)], {})


def test_runs_are_put_into_the_lanes_of_all_processes_in_turn() -> None:
    assert Lanes(structure(), 3, CPU, processes=2).idle == [0, 3, 1, 4, 2, 5]


def test_what_a_process_raises_is_raised_here() -> None:
    class Unsendable(Exception):
        def __init__(self, one: int, two: int) -> None:
            super().__init__("of two")

    def break_(lanes: slice, kind: str) -> None:
        if lanes.start:
            raise MemoryError("there") if kind == "memory" else Unsendable(1, 2)

    pool = WorkerPool([slice(0, 1), slice(1, 2)], {"break": break_})
    with pytest.raises(MemoryError, match="there"):
        pool.do("break", "memory")
    with pytest.raises(RuntimeError, match="of two"):
        pool.do("break", "other")
    pool.close()


def test_a_killed_process_is_an_error_and_the_runs_are_trained_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    recipes = [recipe(number) for number in range(4)]
    expected = RunList(recipes)
    loop.train(structure(), Widths.fixed(4), "never", expected, CPU)
    epoch = Lanes.train_epoch
    killed: list[int] = []

    def kill_once(lanes: Lanes) -> torch.Tensor:
        if not killed and any(lane.epoch == 2 for lane in lanes.active.values()):
            for child in multiprocessing.active_children():
                child.kill()
                child.join()
                killed.append(child.pid or 0)
        return epoch(lanes)

    monkeypatch.setattr(Lanes, "train_epoch", kill_once)
    runs = RunList(recipes)
    loop.train(structure(), Widths.fixed(2, processes=2), "never", runs, CPU)
    assert len(killed) == 1
    assert all(outcome(runs.results[run.id]) == outcome(expected.results[run.id]) for run in recipes)
