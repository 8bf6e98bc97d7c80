"""Weights of the classes in the loss, for classes that are not equally frequent or not equally important."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from dropout_lab.config.bounds import Positive
from dropout_lab.core.errors import UserError

Weights = Literal["balanced"] | Mapping[Any, Positive]
"""balanced, or class -> weight."""

ClassWeight = Annotated[
    Weights | None,
    Field(description="balanced, or a weight above 0 for each class, such as {no: 1, yes: 5}, or null"),
]


def require_weights(given: Weights, names: Sequence[str]) -> None:
    """Raises UserError for a mapping that lacks a class of `names`, or has another."""
    if isinstance(given, str):
        return
    for name in _by_name(given):
        if name not in names:
            raise UserError(f"dataset.class_weight: there is no class {name}; must name {', '.join(names)}")
    if absent := [name for name in names if name not in _by_name(given)]:
        raise UserError(f"dataset.class_weight: has no weight for {', '.join(absent)}; must have one for each class")


def of_names(given: Weights, names: Sequence[str]) -> Weights:
    """The weights of these classes alone."""
    return given if isinstance(given, str) else {name: _by_name(given)[name] for name in names}


def class_weights(given: Weights, targets: Tensor, names: Sequence[str]) -> Tensor:
    """(classes,) float32 weights whose mean over the examples to train on is 1. targets: (n,) int64, theirs.

    balanced: n / (classes * n of the class), as `sklearn.utils.class_weight.compute_class_weight` has it. Raises
    UserError where a class has no such example.
    """
    counts = torch.bincount(targets, minlength=len(names)).double()
    if isinstance(given, str):
        if bool((counts == 0).any()):
            raise UserError(
                f"dataset.class_weight=balanced: class {names[int((counts == 0).int().argmax())]} has no example to"
                " train on, so its weight would be infinite; give a larger dataset.limit, or weights by class"
            )
        return (counts.sum() / (len(names) * counts)).float()
    raw = torch.tensor([float(_by_name(given)[name]) for name in names], dtype=torch.float64)
    return (raw * counts.sum() / (raw * counts).sum()).float()


def example_weights(weights: Tensor, targets: Tensor) -> Tensor:
    """(n,) the weight of each example, with a mean of 1 over these: the mean of weight times loss is the weighted mean.

    weights: (classes,); targets: (n,) int64.
    """
    own = weights[targets]
    return own / own.mean()


def _by_name(given: Mapping[Any, float]) -> dict[str, float]:
    return {str(name): float(weight) for name, weight in given.items()}
