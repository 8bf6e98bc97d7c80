"""The number of lanes: from the cache, from the runs, from the memory; and how well they are used."""

import gc
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dropout_lab.cohort import loop
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.width import Widths, best_widths, lane_bytes
from dropout_lab.datasets.wine import wine
from dropout_lab.models.mlp import MLP
from tests.cohort.runs import Queue, outcome, recipe, structure, train
from tests.matrix import first

CPU = torch.device("cpu")


def test_a_lane_is_counted_number_by_number() -> None:
    # 64 x 24 + 24, 24 x 16 + 16, 16 x 10 + 10 parameters; Adam keeps two numbers of each, and two of its own.
    params = 1560 + 400 + 170
    # A batch of 32: flattened input, its site, twice linear, activation and site, and the head.
    activations = 32 * (64 + 64 + 3 * 24 + 3 * 16 + 10)
    assert lane_bytes(structure()) == 4 * (2 * params + 2 * params + 2 + 2 * activations)


def test_larger_networks_get_fewer_lanes_and_never_less_than_two() -> None:
    def width(hidden: int) -> int:
        build: Any = lambda: MLP(input_shape=(1, 8, 8), outputs=10, hidden=[hidden, hidden])  # noqa: E731
        widths = best_widths(structure(build=build), CPU)
        assert widths.eager >= widths.compiled
        return widths.compiled

    widths = [width(hidden) for hidden in (8, 128, 512, 4096)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] == 64
    assert widths[-1] == 2


@given(st.integers(1, 500), st.integers(1, 32).map(lambda half: 2 * half))
def test_runs_are_shared_out_over_about_full_rounds(runs: int, limit: int) -> None:
    width = Widths.fixed(limit).for_runs(runs, 1).compiled
    assert 2 <= width <= limit
    assert -(-runs // width) == -(-runs // limit)  # not a round more than at the limit
    assert width % 2 == 0


@given(st.integers(1, 500), st.integers(1, 8))
def test_no_process_is_without_runs(runs: int, processes: int) -> None:
    for widths in (Widths.fixed(32).for_runs(runs, processes), Widths.in_all(runs, processes)):
        assert 1 <= widths.processes <= processes
        assert widths.processes == 1 or widths.processes * 2 <= runs
    assert Widths.in_all(runs, processes).most >= runs


@pytest.mark.parametrize("epochs", [[2] * 12, [1, 5, 2, 3, 1, 4, 6, 1, 1, 2, 2, 2]])
def test_no_lane_idles_while_a_run_waits(epochs: list[int]) -> None:
    recipes = [recipe(number, epochs=length) for number, length in enumerate(epochs)]
    queue = Queue(recipes)
    loop.train(structure(), Widths.fixed(4), "never", queue, CPU)
    # Each lane takes the next run as soon as it is free: so many epochs until the last one is.
    ends = [0] * 4
    for length in epochs:
        first = ends.index(min(ends))
        ends[first] += length
    assert queue.said[-1] == f"4 lanes were in use {sum(epochs) / (4 * max(ends)):.0%} of the time"
    assert sum(usage.used for usage in queue.usages) == sum(epochs)
    assert [usage.width for usage in queue.usages] == [4] * max(ends)
    assert all(one.started + one.seconds <= two.started + 1e-3 for one, two in itertools.pairwise(queue.usages))


def test_out_of_memory_halves_the_width_and_loses_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    recipes = [recipe(number, epochs=3) for number in range(8)]
    expected = train(structure(), recipes, 2)
    step = Lanes.train_epoch

    def scarce(lanes: Lanes) -> torch.Tensor:
        if lanes.width > 2 and any(lane.epoch == 2 for lane in lanes.active.values()):
            raise torch.OutOfMemoryError("no")
        return step(lanes)

    monkeypatch.setattr(Lanes, "train_epoch", scarce)
    queue = Queue(recipes)
    loop.train(structure(), Widths.fixed(8), "never", queue, CPU)
    assert sum("out of memory: on with half as many lanes" in line for line in queue.said) == 2
    assert all(outcome(queue.results[run.id]) == outcome(expected[run.id]) for run in recipes)


@pytest.mark.parametrize("bad", first(({3, 4, 9},), ({0}, {7}, {3, 4, 9}, set(range(10)))))
def test_a_run_that_raises_fails_alone(bad: set[int]) -> None:
    def breaks(progress: float) -> float:
        if progress >= 0.5:
            raise ZeroDivisionError("halfway")
        return 1.0

    sound = [recipe(number, epochs=2) for number in range(10)]
    recipes = [replace(run, schedule=breaks) if number in bad else run for number, run in enumerate(sound)]
    expected = train(structure(), sound, 10)
    queue = Queue(recipes)
    loop.train(structure(), Widths.fixed(4), "never", queue, CPU)
    for number in range(10):
        result = queue.results[str(number)]
        if number in bad:
            assert (result.status, result.reason) == ("failed", "ZeroDivisionError: halfway")
            assert "in breaks" in str(result.traceback)
        else:
            assert outcome(result) == outcome(expected[str(number)])
    assert sum("4 lanes, eager" in line for line in queue.said) == 1


def test_too_little_memory_for_two_lanes_fails_the_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(lanes: Lanes) -> torch.Tensor:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried ...")

    monkeypatch.setattr(Lanes, "train_epoch", none)
    results = train(structure(), [recipe(number) for number in range(3)], 4)
    assert {result.status for result in results.values()} == {"failed"}
    assert "can't allocate memory" in str(results["0"].reason)


@pytest.mark.slow
def test_memory_does_not_grow_over_two_thousand_runs() -> None:
    dataset = wine()
    made = structure(dataset=dataset, build=lambda: MLP(input_shape=(13,), outputs=3, hidden=[32]))

    def resident() -> int:
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    class Forgetful(Queue):
        """Keeps no result, and weighs the process after 500 runs and at the end."""

        count = 0
        at_500 = 0

        def done(self, results: Any) -> None:
            before, self.count = self.count, self.count + len(results)
            if before < 500 <= self.count:
                self.at_500 = resident()

    queue = Forgetful([recipe(0, epochs=1, id=str(number), seed=number, rates={}) for number in range(2000)])
    loop.train(made, Widths.fixed(32), "never", queue, CPU)
    assert queue.count == 2000
    assert resident() - queue.at_500 < 4 << 20
