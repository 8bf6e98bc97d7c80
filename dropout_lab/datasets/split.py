"""One seed's division of a dataset, and how examples are divided."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.divide import shuffled, stratified

Task = Literal["classification", "regression", "multilabel", "token_classification"]
"""A class of an example, a number or several, which of several labels an example has, or a class at every place of a
sequence: what a language model predicts, too."""

Supervised = Literal["classification", "regression"]
"""The tasks that a column of a table can be."""

Labelled = Literal["classification", "regression", "multilabel"]
"""The tasks that one or more columns of a table can be."""


@dataclass(frozen=True)
class Split:
    """One seed's division of a dataset.

    Rows are rows of `Dataset.inputs`, which are raw: the reader standardizes them, `(inputs - mean) / std`, and puts 0,
    the mean of the training part, where that is NaN because the value is missing. Regression targets are standardized
    already, all three parts with the mean and standard deviation of the training part before noise, so that a squared
    error is in units of the training target's variance: 1 is what predicting its mean gives.
    """

    train: Tensor
    """(n_train,) int64 rows in the seed's shuffled order, after `limit`."""
    val: Tensor
    """(n_val,) int64 rows."""
    train_targets: Tensor
    """(n_train,) int64 classes after label noise, or float32 standardized values after it, of several outputs (n_train,
    outputs), each standardized by itself; of multilabel, (n_train, labels) float32 of 0 and 1 after it; of
    token_classification, (n_train, length) int64."""
    val_targets: Tensor
    """(n_val, ...) likewise, without noise."""
    test_targets: Tensor
    """(n_test, ...) likewise, in the order of `Dataset.test`."""
    mean: Tensor
    """The mean of the values known in `train` alone; broadcastable to one input. 0 for indicators."""
    std: Tensor
    """The standard deviation (the population's formula) of the values known in `train`; 1 where they are constant.

    Infinite, so that the feature is 0 in every row, where `train` cannot tell its use: an indicator that is 0 in all of
    `train`, as of a category only others have, and a feature of which `train` knows no value.
    """
    class_weights: Tensor | None = None
    """(classes,) float32: the weight of an example of each class in the loss; None: all are alike."""
    known: Tensor | None = None
    """(vocabulary,) int64, of tokens: the token that a reader of `train` takes each for, itself or UNKNOWN.

    Targets that are tokens are taken so already."""

    def reading(self) -> dict[str, Tensor]:
        """What turns rows of `Dataset.inputs` into what a model is given."""
        return {"mean": self.mean, "std": self.std} if self.known is None else {"known": self.known}

    def read_as(self, other: "Split") -> "Split":
        """These examples for a network that was trained on those of `other` first.

        They are standardized as those were, where `other` can tell how; tokens are known that either has.
        """
        if self.known is not None and other.known is not None:
            return replace(self, known=torch.maximum(self.known, other.known))  # UNKNOWN comes before all words
        known = other.std.isfinite()
        return replace(
            self, mean=torch.where(known, other.mean, self.mean), std=torch.where(known, other.std, self.std)
        )


def class_name(number: int, class_names: Sequence[str]) -> str:
    """What a class is called: its name, or its number if the classes have no names."""
    return class_names[number] if class_names else str(number)


def part_size(key: str, fraction: float, targets: Tensor, task: Task, class_names: Sequence[str] = ()) -> int:
    """How many examples that fraction is; refused if it, or the rest, is too small for an example of each class."""
    size = round(fraction * len(targets))
    least, each = 1, "one"
    if task == "classification":
        counts = torch.bincount(targets).tolist()
        if 1 in counts:
            raise UserError(
                f"dataset.{key}={fraction}: class {class_name(counts.index(1), class_names)} has only 1 example to"
                " divide; a stratified split needs at least 2 of each class"
            )
        least, each = max(1, sum(count > 0 for count in counts)), "one per class"
    if not least <= size <= len(targets) - least:
        raise UserError(
            f"dataset.{key}={fraction}: is {size} of {len(targets)} examples; both parts must have at least {least}"
            f" ({each})"
        )
    return size


def cut(rows: Tensor, targets: Tensor, task: Task, size: int, seed: int) -> tuple[Tensor, Tensor]:
    """Shuffles the rows and cuts `size` of them off, stratified by class: the others first, then those."""
    if task == "classification":
        others, part = stratified(targets.numpy(), size, seed)
    else:
        others, part = shuffled(len(rows), size, seed)
    return rows[torch.from_numpy(others)], rows[torch.from_numpy(part)]


def other_classes(labels: Tensor, classes: int, probability: float, noise: np.random.Generator) -> Tensor:
    """Each label replaced, with that probability, by one of the other classes, each equally likely."""
    replaced = torch.from_numpy(noise.random(len(labels)) < probability)
    shift = torch.from_numpy(noise.integers(1, classes, size=len(labels)))
    return torch.where(replaced, (labels + shift) % classes, labels)


def mean_std(values: Tensor, dims: tuple[int, ...], has_missing: bool = False) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation over `dims` in float64, without the example dimension; a deviation of 0 becomes 1.

    With `has_missing`, of the values that are not NaN; where all are, the mean is 0 and the deviation infinite.
    """
    exact = values.double()
    if has_missing:
        mean = exact.nanmean(dims, keepdim=True)
        std = (exact - mean).square().nanmean(dims, keepdim=True).sqrt().nan_to_num(math.inf, posinf=math.inf)
        mean = mean.nan_to_num(0.0)
    else:
        mean, std = exact.mean(dims, keepdim=True), exact.std(dims, correction=0, keepdim=True)
    return mean.squeeze(0), torch.where(std.float() == 0, 1.0, std).squeeze(0)
