"""Gradient noise: how much the gradients of different batches differ, in length and in direction."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from dropout_lab.cohort.lift import lift
from dropout_lab.cohort.measures.measure import AbstractMeasure, Subject
from dropout_lab.cohort.measures.trained import Trained
from dropout_lab.cohort.step import StepInputs
from dropout_lab.core.seeding import generator


class GradientNoise(AbstractMeasure):
    """Two numbers of the gradients of the training loss on different batches, with dropout on.

    gradient_norm_variance: the variance (n - 1) of the gradients' Euclidean norms.
    gradient_cosine: the mean cosine of the angle between the gradients of two different batches. Liu, Xu, Jin, Shen and
    Darrell, "Dropout Reduces Underfitting", ICML 2023, arXiv:2303.01500, section 3, look at both; their direction
    variance is (1 - cosine) / 2.

    The batches are disjoint, of the size of the training, drawn from the training part; each has masks of its own, at
    the rates of the best epoch. The loss is that of a training step, with weights of the classes, label smoothing,
    augmentation and what methods add, but without mixing examples. The gradient is that to the network's trained
    parameters, before the optimizer clips it or adds weight decay.

    Costs a forward and a backward pass of the training over `batches` batches.
    """

    def __init__(self, batches: Annotated[int, Field(ge=2)]) -> None:
        self._batches = batches

    def __call__(self, trained: Trained) -> Mapping[str, Tensor]:
        own = trained.program.layout.network(trained.device)
        norms, directions = [], torch.zeros_like(trained.params)
        for gradient in _gradients(trained, self._batches):
            norm = (gradient * own).norm(dim=1)
            norms.append(norm)
            directions += gradient * own / norm.unsqueeze(1)
        count = len(norms)
        cosine = (directions.square().sum(1) - count) / (count * (count - 1))
        return {"gradient_norm_variance": torch.stack(norms).var(0), "gradient_cosine": cosine}

    def objection(self, subject: Subject) -> str | None:
        dataset = subject.dataset
        if dataset.is_stream:
            return f"the batches of {dataset.name} continue each other; it works with examples that can be shuffled"
        examples = len(dataset.split(0).train)
        if examples // subject.batch_size < 2:
            return (
                f"it compares batches, and the training part of {dataset.name} has {examples} examples, fewer than two"
                f" batches of trainer.batch_size={subject.batch_size}"
            )
        return None


def _gradients(trained: Trained, most: int) -> Iterator[Tensor]:
    """The gradients, (lane, size), of the training loss on up to `most` disjoint batches of the training part."""
    size, splits = trained.structure.batch_size, trained.splits
    orders = [
        torch.from_numpy(generator(recipe.seed, "measure").permutation(len(split.train)))
        for recipe, split in zip(trained.recipes, splits, strict=True)
    ]
    for number in range(min(most, len(splits[0].train) // size)):
        at = [order[number * size : (number + 1) * size] for order in orders]
        rows = torch.stack([split.train[where] for split, where in zip(splits, at, strict=True)])
        targets = torch.stack([split.train_targets[where] for split, where in zip(splits, at, strict=True)])
        yield _gradient(trained, rows.to(trained.device), targets.to(trained.device), number)


def _gradient(trained: Trained, rows: Tensor, targets: Tensor, number: int) -> Tensor:
    params, unmixed = trained.params.detach().requires_grad_(), torch.ones_like(trained.progress)
    given = StepInputs(trained.rates, trained.progress, unmixed, trained.masks(number), trained.read(rows), targets)
    with torch.enable_grad():
        loss, _ = lift(trained.program.loss, trained.program.engine)(params, trained.buffers, trained.hyper, given)
        (gradient,) = torch.autograd.grad(loss.sum(), params)
    return gradient
