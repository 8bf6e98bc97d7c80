"""The loss of augmented and mixed images is torch's, with weights of classes, labels, and numbers as targets."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dropout_lab.cohort.augment import AUGMENTATIONS, augmented, noisy
from dropout_lab.cohort.mixing import mixed
from dropout_lab.cohort.optim import SGD
from dropout_lab.cohort.recipe import Recipe, Structure
from dropout_lab.cohort.step import Program, StepInputs
from dropout_lab.core.mask_streams import Noise
from dropout_lab.datasets.dataset import Dataset
from tests.cohort.runs import outcome, train

N, BATCH, OUTPUTS, SHAPE = 80, 16, 3, (2, 8, 8)
X = torch.rand(N, *SHAPE, generator=torch.Generator().manual_seed(0))
SIGNAL = X.mean((2, 3)) @ torch.tensor([[3.0, -2, 1], [-1, 2, 2]])
TARGETS: Mapping[str, Tensor] = {
    "classification": (SIGNAL - SIGNAL.mean(0)).argmax(1),
    "multilabel": (SIGNAL.mean(0) < SIGNAL).float(),
    "regression": SIGNAL[:, 0],
    "regressions": SIGNAL,
}
STRENGTHS = {"shift": 2, "flip": 0.5, "rotate": 30, "crop": 0.6, "color": 0.3, "cutout": 3, "input_noise": 0.1}
every = pytest.mark.parametrize(("kind", "mix"), [(kind, mix) for kind in TARGETS for mix in ("mixup", "cutmix")])


def loss_of(kind: str, weights: Tensor | None) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of a batch, as its user would write it."""

    def loss(output: Tensor, y: Tensor) -> Tensor:
        if kind == "classification":
            return F.cross_entropy(output, y, weight=weights, reduction="sum") / len(y)
        if kind == "multilabel":
            return F.binary_cross_entropy_with_logits(output, y)
        return F.mse_loss(output.squeeze(-1), y)

    return loss


def made(kind: str, mix: str) -> Structure:
    task: Any = kind.removesuffix("s")
    outputs = 1 if kind == "regression" else OUTPUTS
    weights: Any = {"0": 1, "1": 5, "2": 0.2} if kind == "classification" else None
    data = Dataset("made", task, X, TARGETS[kind], torch.arange(60, N), outputs, "channel", class_weight=weights)
    build = lambda: nn.Sequential(nn.Flatten(), nn.Linear(128, outputs))  # noqa: E731
    options = frozenset({*AUGMENTATIONS, mix})
    return Structure(dataset=data, build=build, dropout={}, batch_size=BATCH, optimizer=SGD(lr=0.1), options=options)


@every
def test_the_loss_of_a_step_is_that_of_both_targets_of_the_changed_images(kind: str, mix: str) -> None:
    assert set(STRENGTHS) == set(AUGMENTATIONS)
    structure = made(kind, mix)
    program, split = Program(structure), structure.dataset.split(0)
    torch.manual_seed(0)
    model = structure.build()
    params = program.layout.flatten(dict(model.named_parameters())).detach()
    x = (X[split.train[:BATCH]] - split.mean) / split.std
    y = split.train_targets[:BATCH]
    hyper = {name: torch.tensor(float(value)) for name, value in {**STRENGTHS, mix: 0.4}.items()}
    weights = split.class_weights
    weighted = hyper if weights is None else {**hyper, "class_weights": weights}
    keys = torch.tensor([[3, 4]], dtype=torch.int32)
    rates, share = torch.zeros(0), torch.tensor(0.7)
    found, _ = program.loss(params, {}, weighted, StepInputs(rates, torch.zeros(()), share, keys, x, y))
    noise = Noise(keys[-1])
    images = augmented(x, structure.options, hyper, noise)
    changed, _ = mixed(images, structure.options, hyper, share, noise)
    own: Any = (changed == images).flatten(0, 1).all(0).float().mean() if mix == "cutmix" else share
    assert 0.5 < own < 1
    output, loss = model(noisy(changed, structure.options, hyper, noise)), loss_of(kind, weights)
    torch.testing.assert_close(found, (own * loss(output, y) + (1 - own) * loss(output, y.roll(1, 0))).detach())


@every
def test_a_lane_of_four_is_the_lane_of_two(kind: str, mix: str) -> None:
    structure = made(kind, mix)
    recipes = [
        Recipe(
            id=str(number),
            seed=number,
            rates={},
            schedule=lambda progress: 1.0,
            patience=None,
            optimizer=SGD(lr=0.1),
            epochs=2,
            options={**STRENGTHS, mix: 0.4},
        )
        for number in range(4)
    ]
    four, two = train(structure, recipes, 4), train(structure, recipes[:1:-1], 2)
    assert all(outcome(result) == outcome(four[name]) for name, result in two.items())
    assert all(result.test_loss is not None for result in four.values())
