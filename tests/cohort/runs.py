"""Small runs for the trainer's tests, and a queue that holds them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from dropout_lab.cohort import loop
from dropout_lab.cohort.optim import SGD, AbstractOptimizer, Adam, AdamW, RMSprop
from dropout_lab.cohort.recipe import Compile, LaneUsage, Recipe, Result, RunList, Structure
from dropout_lab.cohort.width import Widths
from dropout_lab.config import roles
from dropout_lab.datasets.digits import digits
from dropout_lab.dropout.standard import Standard
from dropout_lab.models.cnn import CNN
from dropout_lab.models.mlp import MLP
from dropout_lab.models.resnet import ResNet
from dropout_lab.models.transformer import Transformer
from dropout_lab.sites.site import sites

DATASET = digits(limit=96)

MODELS: Mapping[str, Callable[[], torch.nn.Module]] = {
    "mlp": lambda: MLP(input_shape=(1, 8, 8), outputs=10, hidden=[24, 16]),
    "mlp_batch_norm": lambda: MLP(input_shape=(1, 8, 8), outputs=10, hidden=[24, 16], norm="batch"),
    "cnn": lambda: CNN(input_shape=(1, 8, 8), outputs=10, channels=[4, 6], hidden=[12]),
    "mlp_layer_norm": lambda: MLP(
        input_shape=(1, 8, 8), outputs=10, hidden=[24, 16], norm="layer", site_order="before"
    ),
    "resnet": lambda: ResNet(input_shape=(1, 8, 8), outputs=10, channels=[4, 6]),
    "transformer": lambda: Transformer(input_shape=(1, 8, 8), outputs=10, width=8, heads=2, depth=1),
    "cnn_batch_norm": lambda: CNN(input_shape=(1, 8, 8), outputs=10, channels=[4, 6], hidden=[], norm="batch"),
}

OPTIMIZERS: Mapping[str, AbstractOptimizer] = {
    "sgd": SGD(lr=0.05, momentum=0.9, weight_decay=1e-3),
    "nesterov": SGD(lr=0.05, momentum=0.9, nesterov=True),
    "adam": Adam(lr=3e-3, weight_decay=1e-3),
    "adamw": AdamW(lr=3e-3, weight_decay=1e-2),
    "rmsprop": RMSprop(lr=3e-4, momentum=0.5),
    "rmsprop_centered": RMSprop(lr=3e-4, eps=1e-3, centered=True),
}


def structure(model: str = "mlp", optimizer: str = "adam", **changes: Any) -> Structure:
    """`changes` may name options of the trainer as well: True for those that the structure has."""
    options = {name for name in roles.options() if changes.pop(name, False)}
    made = Structure(
        build=MODELS[model],
        dataset=DATASET,
        dropout=dict.fromkeys(sites(MODELS[model]()), Standard()),
        batch_size=32,
        optimizer=OPTIMIZERS[optimizer],
        options=frozenset(options),
    )
    return replace(made, **changes)


def recipe(number: int, optimizer: str = "adam", **changes: Any) -> Recipe:
    """Run number `number`: its seed, rates and learning rate differ from its neighbours'."""
    options = {name: changes.pop(name) for name in roles.options() if changes.get(name) is not None}
    base = OPTIMIZERS[optimizer]
    made = Recipe(
        id=str(number),
        seed=number % 3,
        rates={"input": 0.05 * number, "hidden.0": 0.1 * (number % 5), "conv.1": 0.2},
        schedule=lambda progress: 1.0,
        optimizer=replace(base, lr=base.lr * (1 + number / 8)),
        epochs=4,
        patience=None,
        options=options,
    )
    return replace(made, **changes)


class Queue(RunList):
    """Gives its recipes in order; stops a run after the epoch that `stop` has for its id."""

    def __init__(self, recipes: Sequence[Recipe], stop: Mapping[str, int] | None = None) -> None:
        super().__init__(recipes)
        self._stop = stop or {}
        self.said: list[str] = []
        self.usages: list[LaneUsage] = []

    def epoch(self, rows: Mapping[str, Sequence[float | int | str | None]]) -> set[str]:
        return {str(i) for i, e in zip(rows["id"], rows["epoch"], strict=True) if self._stop.get(str(i)) == e}

    def used(self, usage: LaneUsage) -> None:
        self.usages.append(usage)

    def say(self, text: str) -> None:
        self.said.append(text)


def train(
    made: Structure,
    recipes: Sequence[Recipe],
    width: int,
    stop: Mapping[str, int] | None = None,
    compile: Compile = "never",
) -> Mapping[str, Result]:
    queue = Queue(recipes, stop)
    loop.train(made, Widths.fixed(width), compile, queue, torch.device("cpu"))
    return queue.results


def outcome(result: Result) -> tuple[object, ...]:
    """All that a run comes to, for bitwise comparison."""
    return result.status, result.curves, result.test_loss, result.test_accuracy, result.stopped_early
