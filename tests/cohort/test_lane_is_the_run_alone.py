"""The proof that everything rests on: a run's result does not depend on who is trained beside it, before it, or where.

Equal means equal to the bit. A plain PyTorch loop, written out here, agrees to a tolerance.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any, cast

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from dropout_lab.cohort.keys import keys, mask_seed
from dropout_lab.cohort.optim import Adam
from dropout_lab.cohort.recipe import Recipe, Result, Structure
from dropout_lab.core.seeding import generator
from dropout_lab.models.mlp import MLP
from dropout_lab.sites.site import Site, install, sites
from tests.cohort.runs import MODELS, OPTIMIZERS, outcome, recipe, structure, train
from tests.matrix import first, matrix

CASES = matrix(MODELS, OPTIMIZERS)


@pytest.mark.parametrize(("model", "optimizer"), CASES)
def test_a_lane_of_eight_is_the_lane_of_two(model: str, optimizer: str) -> None:
    recipes = [recipe(number, optimizer, epochs=2) for number in range(8)]
    made = structure(model, optimizer)
    eight = train(made, recipes, 8)
    assert all(result.status == "complete" for result in eight.values())
    # Four of them two by two, each in the other lane and beside another run; a third and a fourth refill the lanes.
    two = train(made, [recipes[number] for number in (7, 0, 4, 3)], 2)
    assert all(outcome(result) == outcome(eight[run]) for run, result in two.items())
    assert len(two) == 4


@cache
def two_by_two() -> dict[str, Result]:
    return dict(train(structure(), [recipe(number, epochs=2) for number in range(4)], 2))


@pytest.mark.parametrize("width", [1, 3, 31])
def test_the_width_does_not_matter(width: int) -> None:
    wide = train(structure(), [recipe(number, epochs=2) for number in range(max(width, 4))], width)
    assert all(outcome(wide[run]) == outcome(result) for run, result in two_by_two().items())


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_a_lane_is_the_run_alone_with_two_threads() -> None:
    """A layer so wide that torch shares its elements out between the threads."""
    made = structure(build=lambda: MLP(input_shape=(1, 8, 8), outputs=10, hidden=[256, 32], norm="batch"))
    recipes = [recipe(number, epochs=1) for number in range(6)]
    assert 32 * 256 * 6 > 32768  # torch's at::internal::GRAIN_SIZE
    six, two = train(made, recipes, 6), train(made, [recipes[5], recipes[2]], 2)
    assert all(outcome(result) == outcome(six[run]) for run, result in two.items())


@pytest.mark.parametrize("model", first(("mlp_batch_norm", "cnn_batch_norm"), MODELS))
def test_a_successor_finds_nothing_of_its_predecessor(model: str) -> None:
    """Optimizer state, buffers, best parameters, early-stopping counters and masks begin anew in a refilled lane."""
    made = structure(model, max_norm=True, clip_norm=True)
    ways: Any = {"max_norm": 2.0, "clip_norm": 1.0}
    first = [
        recipe(1, epochs=2, **ways),
        recipe(2, epochs=9, patience=1, **ways),
        recipe(3, epochs=9, **ways),  # pruned below
        replace(recipe(4, epochs=2, **ways), optimizer=replace(OPTIMIZERS["adam"], lr=1e30)),  # diverges
    ]
    then = [recipe(number, epochs=3, patience=2, **ways) for number in range(5, 9)]
    refilled = train(made, [*first, *then], 4, stop={"3": 1})
    fresh = train(made, then, 4)
    assert refilled["3"].status == "pruned"
    assert refilled["4"].status == "failed"
    assert all(refilled[run.id].status == "complete" for run in then)
    assert len(refilled["3"].curves["val_loss"]) == 1
    for run in then:
        assert outcome(refilled[run.id]) == outcome(fresh[run.id])


def test_a_lane_without_dropout_is_the_model_without_sites() -> None:
    """Rate 0 is the identity by arithmetic, so a baseline can share a cohort with any rate."""
    made = structure()
    zero = recipe(0, rates={})
    beside = train(made, [zero, recipe(1, rates={"input": 0.9, "hidden.1": 0.9})], 2)

    def bare() -> nn.Module:
        model = MODELS["mlp"]()
        layers = cast(nn.Sequential, model.layers)
        return nn.Sequential(*(layer.reader if isinstance(layer, Site) else layer for layer in layers))

    alone = train(replace(made, build=bare), [zero, zero], 2)
    assert beside["0"].curves == alone["0"].curves


def test_early_stopping_counts_epochs_without_a_lower_validation_loss() -> None:
    result = train(structure(), [replace(recipe(0, epochs=60, patience=3), optimizer=Adam(lr=0.02))], 2)["0"]
    val_loss = result.curves["val_loss"]
    assert result.stopped_early
    assert len(val_loss) == int(np.argmin(np.array(val_loss, dtype=float))) + 1 + 3


def plain_loop(made: Structure, run: Recipe) -> tuple[dict[str, list[float]], float]:
    """The run as a tutorial would write it: its curves, and its test loss at the best epoch."""
    torch.manual_seed(int(generator(run.seed, "init").integers(2**63)))
    model = made.build()
    install(model, made.dropout)
    numbers: Any = run.optimizer.numbers()
    if "alpha" in numbers:
        centered = bool(getattr(run.optimizer, "centered"))  # noqa: B009
        optimizer: torch.optim.Optimizer = torch.optim.RMSprop(model.parameters(), **numbers, centered=centered)
    elif "momentum" in numbers:
        nesterov = bool(getattr(run.optimizer, "nesterov"))  # noqa: B009
        optimizer = torch.optim.SGD(model.parameters(), **numbers, nesterov=nesterov)
    else:
        betas = (numbers.pop("beta1"), numbers.pop("beta2"))
        kind = torch.optim.AdamW if type(run.optimizer).__name__ == "AdamW" else torch.optim.Adam
        optimizer = kind(model.parameters(), betas=betas, **numbers)
    split = made.dataset.split(run.seed)
    inputs = (made.dataset.inputs - split.mean) / split.std
    places = {name: model.get_submodule(path) for name, path in sites(model).items()}
    curves: dict[str, list[float]] = {name: [] for name in ("running_loss", "train_loss", "val_loss", "val_accuracy")}
    step, best, test_loss = 0, float("inf"), float("nan")
    for epoch in range(run.epochs):
        order = torch.from_numpy(generator(run.seed, "order", epoch).permutation(len(split.train)))
        losses = []
        model.train()
        for batch in order.split(made.batch_size):
            if len(batch) < made.batch_size:
                continue
            noise = torch.from_numpy(keys([mask_seed(run.seed)], np.array([[step]]), tuple(places)))
            for index, (name, site) in enumerate(places.items()):
                site.key, site.rate = noise[0, 0, index], torch.tensor(run.rates.get(name, 0.0))
            optimizer.zero_grad()
            loss = F.cross_entropy(model(inputs[split.train[batch]]), split.train_targets[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            step += 1
        model.eval()
        with torch.no_grad():
            size = len(split.val)
            output = model(inputs[split.val])
            curves["running_loss"].append(float(np.mean(losses)))
            curves["train_loss"].append(
                F.cross_entropy(model(inputs[split.train[:size]]), split.train_targets[:size]).item()
            )
            curves["val_loss"].append(F.cross_entropy(output, split.val_targets).item())
            curves["val_accuracy"].append((output.argmax(1) == split.val_targets).float().mean().item())
            if curves["val_loss"][-1] < best:
                best = curves["val_loss"][-1]
                test_loss = F.cross_entropy(model(inputs[made.dataset.test]), split.test_targets).item()
    return curves, test_loss


@pytest.mark.parametrize(("model", "optimizer"), CASES)
def test_a_lane_is_a_plain_pytorch_loop(model: str, optimizer: str) -> None:
    made = structure(model, optimizer)
    recipes = [recipe(number, optimizer, epochs=2) for number in range(1, 4)]
    results = train(made, recipes, 3)
    for run in recipes:
        curves, test_loss = plain_loop(made, run)
        for name, values in curves.items():
            # Rounding may turn single answers of 288. Before a batch norm a bias has no gradient but its rounding, of
            # which Adam makes steps; the running mean follows them late, so that evaluations differ, trainings not.
            bound = 0.04 if name.endswith("accuracy") else 2e-4
            np.testing.assert_allclose(
                np.array(results[run.id].curves[name], dtype=float), values, rtol=2e-3, atol=bound, err_msg=name
            )
        assert results[run.id].test_loss == pytest.approx(test_loss, rel=2e-3)
