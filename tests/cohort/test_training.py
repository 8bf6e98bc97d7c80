"""Schedules, accumulation and the average of the weights: beside plain loops, and each lane on its own."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch

from dropout_lab.cohort import loop
from dropout_lab.cohort.compilation.compiler import Compilable, load
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.optim import SGD
from dropout_lab.cohort.recipe import Recipe, Structure
from dropout_lab.cohort.width import Widths
from dropout_lab.config.lr_schedule import Cosine, InverseSqrt, OneCycle, Step
from dropout_lab.config.momentum_schedule import Linear
from tests.cohort.plain import Plain
from tests.cohort.runs import Queue, outcome, recipe, structure, train
from tests.matrix import matrix

CPU = torch.device("cpu")
SCHEDULES: list[Any] = [
    Cosine(0.3, final=0.1),
    Step(step_size=0.5, gamma=0.1),
    InverseSqrt(0.2),
    OneCycle(0.3, 25.0, 1e4),
]
RISING = Linear(0.1, 0.5)
WAYS: Mapping[str, dict[str, Any]] = {
    "lr_schedule": {},
    "momentum_schedule": {"momentum_schedule": RISING},
    "accumulate": {"accumulate": 2},
    "ema": {"ema": 0.8},
    "all": {"momentum_schedule": RISING, "accumulate": 2, "ema": 0.8, "max_norm": 0.5},
}


def runs(optimizer: str, way: str, **changes: Any) -> list[Recipe]:
    """Runs each of which has another schedule."""
    return [
        recipe(number, optimizer, **{"rates": {}, "epochs": 3, "lr_schedule": schedule, **WAYS[way], **changes})
        for number, schedule in enumerate(SCHEDULES)
    ]


def made_for(way: str, model: str = "mlp", optimizer: str = "sgd", **changes: Any) -> Structure:
    options: Any = {name: True for name in WAYS[way] if name != "momentum_schedule"}
    return structure(model, optimizer, **options, **changes)


CASES = matrix(WAYS, ["mlp", "mlp_batch_norm", "cnn"], ["sgd", "adamw", "rmsprop", "nesterov"])


@pytest.mark.parametrize(("way", "model", "optimizer"), CASES)
def test_every_lane_is_a_plain_loop(way: str, model: str, optimizer: str) -> None:
    # 3 batches an epoch: of an accumulation of 2, one is left over at its end.
    made, given = made_for(way, model, optimizer), runs(optimizer, way)
    results = train(made, given, 4)
    for run in given:
        loop = Plain(made, run)
        expected = [loop.epoch(number) for number in range(run.epochs)]
        assert results[run.id].curves["val_loss"] == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("way", WAYS)
def test_a_lane_of_four_is_the_lane_of_two(way: str) -> None:
    made, given = made_for(way, "mlp_batch_norm"), runs("sgd", way, rates={"input": 0.2})
    four, two = train(made, given, 4), train(made, given[:1:-1], 2)
    assert len({tuple(result.curves["val_loss"]) for result in four.values()}) == 4
    assert all(outcome(result) == outcome(four[run]) for run, result in two.items())


def test_a_successor_finds_no_average_and_no_gradients_of_its_predecessor() -> None:
    made, given = made_for("all", "mlp_batch_norm"), runs("sgd", "all")
    refilled, fresh = train(made, given, 2, stop={given[0].id: 1}), train(made, given[2:], 2)
    assert refilled[given[0].id].status == "pruned"
    assert all(outcome(refilled[run]) == outcome(result) for run, result in fresh.items())


@pytest.mark.parametrize("name", ["ema", "accumulate"])
def test_an_average_of_decay_0_and_groups_of_one_batch_change_not_a_bit(name: str) -> None:
    off, on = {"ema": (0.0, 0.9), "accumulate": (1, 3)}[name]
    plain = train(structure("mlp_batch_norm"), [recipe(1), recipe(2)], 2)
    options: Any = {name: True}
    numbers: list[Any] = [{name: off}, {name: off}, {name: on}]
    beside = [recipe(number, **given) for number, given in enumerate(numbers, start=1)]
    ours = train(structure("mlp_batch_norm", **options), beside, 3)
    for run in ("1", "2"):
        assert outcome(ours[run]) == outcome(plain[run])
    unlike = train(structure("mlp_batch_norm"), [recipe(3), recipe(4)], 2)
    assert ours["3"].curves["val_loss"] != unlike["3"].curves["val_loss"]


@pytest.mark.parametrize("model", ["mlp", "mlp_layer_norm", "cnn"])
def test_accumulated_batches_are_one_bigger_batch_of_a_network_without_batch_statistics(model: str) -> None:
    common: Any = {"rates": {}, "epochs": 3, "lr_schedule": Cosine(0.3, final=0.0)}
    small = made_for("accumulate", model, batch_size=16)  # 6 batches, 3 steps an epoch
    ours = train(small, [recipe(number, "sgd", accumulate=2, **common) for number in range(2)], 2)
    theirs = train(structure(model, "sgd", batch_size=32), [recipe(number, "sgd", **common) for number in range(2)], 2)
    for run in ours:
        assert ours[run].curves["val_loss"] == pytest.approx(theirs[run].curves["val_loss"], rel=1e-4)
        assert ours[run].curves["running_loss"] == pytest.approx(theirs[run].curves["running_loss"], rel=1e-4)
    each = train(structure(model, "sgd", batch_size=16), [recipe(0, "sgd", **common)], 2)
    assert ours["0"].curves["val_loss"] != pytest.approx(each["0"].curves["val_loss"], rel=1e-3)


def test_what_is_kept_and_what_stops_a_run_is_the_loss_of_the_average() -> None:
    common: Any = {"rates": {}, "epochs": 12, "ema": 0.9, "patience": 1}
    given = [replace(recipe(n, "sgd", **common), optimizer=SGD(lr=0.5, momentum=0.9)) for n in range(3)]
    lanes = Lanes(made_for("ema"), 3, CPU)
    for lane, run in enumerate(given):
        lanes.load(lane, run)
    lanes.train_epoch()
    assert not torch.equal(lanes.state.params, lanes.state.network["params"])
    lanes.keep_best([0, 1])
    assert torch.equal(lanes.state.best["params"][:2], lanes.state.network["params"][:2])
    ended = set()
    for run in given:
        result, loop = train(made_for("ema"), [run], 2)[run.id], Plain(made_for("ema"), run)
        losses = [loop.epoch(number) for number in range(run.epochs)]
        rises = [epoch for epoch in range(1, run.epochs) if losses[epoch] >= min(losses[:epoch])]
        last = rises[0] + 1 if rises else run.epochs
        assert result.curves["val_loss"] == pytest.approx(losses[:last], rel=1e-2)
        ended.add(last)
    assert min(ended) < 12


def test_a_schedule_ends_with_the_planned_training_not_with_a_pruned_one() -> None:
    long, short = (recipe(0, "sgd", rates={}, epochs=epochs, lr_schedule=Cosine(final=0.0)) for epochs in (6, 3))
    short = replace(short, id="short")
    made = structure(optimizer="sgd")
    whole, pruned = train(made, [long], 2), train(made, [long, short], 2, stop={long.id: 3})
    assert pruned[long.id].curves["val_loss"] == whole[long.id].curves["val_loss"][:3]
    assert pruned[long.id].curves["val_loss"][1:] != pruned["short"].curves["val_loss"][1:]


@pytest.mark.slow
@pytest.mark.usefixtures("shared_programs")
def test_compiled_lanes_are_eager_ones() -> None:
    made, given = made_for("all", "mlp_batch_norm", batch_size=16), runs("sgd", "all", rates={"input": 0.2})[:3]
    eager, compiled = Lanes(made, 3, CPU), Lanes(made, 3, CPU)
    for lanes in (eager, compiled):
        for lane, run in enumerate(given):
            lanes.load(lane, run)
    program = Compilable(compiled.executor.train_step, compiled.executor.examples()[0], "training")
    (compiled.executor.run_train_step,) = load([program])
    for _ in range(2):
        torch.testing.assert_close(compiled.train_epoch(), eager.train_epoch(), rtol=2e-5, atol=0)
    torch.testing.assert_close(compiled.state.params, eager.state.params, rtol=2e-5, atol=2e-5)
    ours, theirs = compiled.state.network, eager.state.network
    torch.testing.assert_close(ours["params"], theirs["params"], rtol=2e-5, atol=2e-5)
    assert not torch.isclose(ours["params"], compiled.state.params, rtol=1e-3).all()


def test_the_loop_says_that_its_runs_take_turns_as_they_do() -> None:
    queue = Queue([recipe(number, epochs=1) for number in range(2)])
    loop.train(structure(engine="loop"), Widths.fixed(2), "auto", queue, torch.device("cpu"))
    assert queue.said[0] == "2 lanes, eager, in turn at every step"
    assert [usage.used for usage in queue.usages] == [2]  # neither ends before the other
