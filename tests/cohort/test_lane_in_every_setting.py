"""A lane is the run alone with layers of any size, and with every setting of the trainer at once.

Schedule, patience, max-norm, gradient clipping; also the weights themselves, and data whose loss is a squared error.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from dropout_lab.cohort.keys import keys, mask_seed
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.optim import AdamW
from dropout_lab.cohort.recipe import Recipe, Structure
from dropout_lab.config.schedule import Linear
from dropout_lab.core.seeding import generator
from dropout_lab.datasets.diabetes import diabetes
from dropout_lab.models.activations import ACTIVATIONS, ActivationName
from dropout_lab.models.mlp import MLP
from dropout_lab.sites.site import install, sites
from tests.cohort.runs import MODELS, outcome, recipe, structure, train
from tests.matrix import matrix

FADING = Linear(start=1.0, end=0.0)
BOTH = {"max_norm": 1.0, "clip_norm": 0.5}
WAYS = [{"max_norm": 1.0}, {"clip_norm": 0.5}, BOTH]
REGRESSION: dict[str, Any] = {
    "dataset": diabetes(limit=96),
    "build": lambda: MLP(input_shape=(10,), outputs=1, hidden=[16, 8]),
}


def constrained(model: str, optimizer: str, ways: dict[str, float], **changes: Any) -> Structure:
    return structure(model, optimizer, max_norm="max_norm" in ways, clip_norm="clip_norm" in ways, **changes)


def odd(shape: tuple[int, ...], activation: ActivationName = "relu", sizes: tuple[int, ...] = (7, 5)) -> nn.Module:
    return MLP(
        input_shape=shape,
        outputs=1,
        hidden=sizes,
        activation=activation,
        norm="batch" if activation == "gelu" else None,
    )


@pytest.mark.parametrize(("activation", "width"), matrix(ACTIVATIONS, (2, 3, 5)))
def test_no_size_is_too_odd(activation: ActivationName, width: int) -> None:
    """Layers, batches and parts whose sizes share no factor: a lane begins at any alignment in memory."""
    dataset = diabetes(limit=97)  # 10 features; 71 examples to validate
    made = structure(dataset=dataset, batch_size=29, build=lambda: odd(dataset.input_shape, activation))
    recipes = [recipe(number, epochs=2) for number in range(7)]
    seven, other = train(made, recipes, 7), train(made, recipes[::-2], width)
    assert all(outcome(result) == outcome(seven[run]) for run, result in other.items())


@settings(max_examples=10)
@given(st.lists(st.integers(1, 19), min_size=1, max_size=3), st.integers(1, 40), st.integers(3, 9))
def test_any_layers_any_batch_any_width(sizes: list[int], batch_size: int, width: int) -> None:
    dataset = diabetes(limit=max(batch_size, 12) // batch_size * batch_size)
    made = structure(dataset=dataset, batch_size=batch_size, build=lambda: odd((10,), "relu", tuple(sizes)))
    recipes = [recipe(number, epochs=1) for number in range(4)]
    two, other = train(made, recipes[:2], 2), train(made, recipes[::-1], width)
    assert all(outcome(other[run]) == outcome(result) for run, result in two.items())


@pytest.mark.parametrize(
    ("model", "constraints"), matrix(MODELS, [("sgd", WAYS[0]), ("adam", WAYS[1]), ("adamw", BOTH), ("nesterov", BOTH)])
)
def test_a_lane_of_six_is_the_lane_of_two_under_constraints(
    model: str, constraints: tuple[str, dict[str, float]]
) -> None:
    optimizer, ways = constraints
    made = constrained(model, optimizer, ways)
    recipes = [recipe(n, optimizer, schedule=FADING, patience=1, epochs=3, **ways) for n in range(6)]
    six, two = train(made, recipes, 6), train(made, recipes[:1:-1], 2)  # every lane is refilled
    assert all(outcome(result) == outcome(six[run]) for run, result in two.items())


def test_a_lane_of_a_regression_is_the_run_alone() -> None:
    made = structure(**REGRESSION)
    recipes = [recipe(number, epochs=2) for number in range(4)]
    four, two = train(made, recipes, 4), train(made, recipes[::-1], 2)
    for run in recipes:
        assert outcome(four[run.id]) == outcome(two[run.id])
        assert four[run.id].curves["val_accuracy"] == [None] * 2
        assert four[run.id].test_accuracy is None


def plain_weights(made: Structure, run: Recipe, epochs: int) -> dict[str, Tensor]:
    """The weights after some epochs of a loop that knows torch alone."""
    torch.manual_seed(int(generator(run.seed, "init").integers(2**63)))
    model = made.build().train()
    install(model, made.dropout)
    numbers: Any = run.optimizer.numbers()
    if "momentum" in numbers:
        optimizer: torch.optim.Optimizer = torch.optim.SGD(model.parameters(), **numbers)
    else:
        betas = (numbers.pop("beta1"), numbers.pop("beta2"))
        optimizer = torch.optim.AdamW(model.parameters(), betas=betas, **numbers)
    split = made.dataset.split(run.seed)
    inputs = (made.dataset.inputs - split.mean) / split.std
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy
    if made.dataset.task == "regression":
        loss = lambda output, y: F.mse_loss(output.squeeze(-1), y)  # noqa: E731
    places, step = sites(model), 0
    total = run.epochs * (len(split.train) // made.batch_size)
    for epoch in range(epochs):
        order = torch.from_numpy(generator(run.seed, "order", epoch).permutation(len(split.train)))
        for batch in order.split(made.batch_size)[: len(order) // made.batch_size]:
            noise = keys([mask_seed(run.seed)], torch.tensor([[step]]).numpy(), tuple(places))
            for index, (name, path) in enumerate(places.items()):
                site = model.get_submodule(path)
                site.key = torch.from_numpy(noise[0, 0, index])
                site.rate = torch.tensor(run.schedule(step / total) * run.rates.get(name, 0.0))
            optimizer.zero_grad()
            loss(model(inputs[split.train[batch]]), split.train_targets[batch]).backward()
            if "clip_norm" in run.options:
                nn.utils.clip_grad_norm_(model.parameters(), run.options["clip_norm"])
            optimizer.step()
            if "max_norm" in run.options:
                with torch.no_grad():
                    weights = [w for name, w in model.named_parameters() if w.dim() > 1 and name != "position"]
                    for weight in weights:
                        weight.copy_(weight.flatten(1).renorm(2, 0, run.options["max_norm"]).view_as(weight))
            step += 1
    return {name: param.detach() for name, param in model.named_parameters()}


@pytest.mark.parametrize(("model", "ways", "optimizer"), matrix([*MODELS, "regression"], [{}, *WAYS], ["sgd", "adamw"]))
def test_the_weights_are_those_of_a_plain_loop(model: str, ways: dict[str, float], optimizer: str) -> None:
    if model == "regression":
        made = constrained("mlp", optimizer, ways, **REGRESSION)
    else:
        made = constrained(model, optimizer, ways)
    # Behind a batch norm the gradients of biases and of constant pixels are 0 but for rounding. Adam with its usual
    # epsilon would make whole steps of that rounding; with a larger one it does not.
    runs = [recipe(number, optimizer, schedule=FADING, **ways) for number in range(1, 3)]
    if optimizer == "adamw":
        runs = [
            replace(run, optimizer=replace(AdamW(lr=run.optimizer.lr, weight_decay=1e-2), eps=1e-3)) for run in runs
        ]
    lanes = Lanes(made, 2, torch.device("cpu"))
    for lane, run in enumerate(runs):
        lanes.load(lane, run)
    start = lanes.state.params.clone()
    lanes.train_epoch()
    for run, moved, before in zip(runs, lanes.state.params, start, strict=True):
        initial, ours = lanes.program.layout.unflatten(before), lanes.program.layout.unflatten(moved)
        for name, theirs in plain_weights(made, run, 1).items():
            assert not torch.equal(initial[name], ours[name])
            # float32 in another order of summation, over the epoch's three steps.
            torch.testing.assert_close(
                ours[name],
                theirs,
                rtol=1e-3,
                atol=1e-4,
                msg=lambda said, at=name: f"{at}: {said}",  # type: ignore[misc]
            )
