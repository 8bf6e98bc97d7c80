"""A dataset in memory and its division: one test set for everybody, training and validation parts per seed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from dropout_lab.config.bounds import Count, Fraction, NonNegative, Share
from dropout_lab.config.kinds import Kind
from dropout_lab.core.errors import UserError
from dropout_lab.core.seeding import generator
from dropout_lab.core.tokens import NO_CLASS, PADDING, UNKNOWN
from dropout_lab.datasets.examples import Examples
from dropout_lab.datasets.split import Split, Task, class_name, cut, mean_std, other_classes, part_size

FRACTION, LIMIT, MIN_COUNT = Kind(Fraction), Kind(Count | None), Kind(Count)
LABEL_NOISE: Mapping[Task, Kind] = {
    "classification": Kind(Share),
    "regression": Kind(NonNegative),
    "token_classification": Kind(Annotated[float, Field(ge=0, le=0, description="0, for tokens are never spoilt")]),
}

TEST_SEED = 0
"""The test set is cut with this seed, never with a run's: no run may train on what another is tested on."""


@dataclass(frozen=True, eq=False)
class Dataset(Examples):
    """Examples, and the rules by which `split` divides them.

    `limit` keeps the first n examples of the seed's shuffled training part. `label_noise` q spoils training targets
    alone: a class is, with probability q, replaced by one of the others, each equally likely; a standardized regression
    target gets Gaussian noise of standard deviation q. What is spoilt under a smaller q or `limit` is spoilt likewise
    under a larger one.
    """

    val_fraction: float = 0.2
    limit: int | None = None
    label_noise: float = 0.0
    min_count: int = 1
    """How often a seed's training part must have a token for its reader to know it. With 2, what occurs once there is
    UNKNOWN, and so UNKNOWN is trained; with 1 it is met for the first time in validation, but where the loader gave it
    to the rarest."""
    validation: Tensor | None = None
    """(n_val,) int64 rows of a validation part that is the same for every seed; None: each seed draws its own."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.vocabulary:
            MIN_COUNT.check("dataset.min_count", self.min_count)
        FRACTION.check("dataset.val_fraction", self.val_fraction)
        LIMIT.check("dataset.limit", self.limit)
        LABEL_NOISE[self.task].check("dataset.label_noise", self.label_noise)
        rest = self._rest()
        if self.task == "classification":
            missing = set(self.targets.tolist()) - set(self.targets[rest].tolist())
            if missing:
                raise UserError(
                    "dataset.test_fraction: the test set holds every example of class"
                    f" {class_name(min(missing), self.class_names)};"
                    " must leave at least 2 of each class for training and validation"
                )
        if self.validation is not None:
            training = len(rest) - len(self.validation)
        else:
            training = len(rest) - part_size(
                "val_fraction", self.val_fraction, self.targets[rest], self.task, self.class_names
            )
        if self.limit is not None and self.limit > training:
            raise UserError(
                f"dataset.limit={self.limit}: must be at most {training}, the number of training examples of"
                f" {self.name} with dataset.val_fraction={self.val_fraction}, or null for all of them"
            )

    def of_classes(self, classes: Sequence[int]) -> "Dataset":
        """The examples of these classes alone, those of the test set too; the classes are numbered in this order."""
        number = torch.full((self.outputs,), -1)
        number[list(classes)] = torch.arange(len(classes))
        targets = number[self.targets]
        kept = targets >= 0
        row = kept.cumsum(0) - 1
        names = [class_name(one, self.class_names) for one in classes]
        return replace(
            self,
            name=f"{self.name} (classes {', '.join(names)})",
            inputs=self.inputs[kept],
            targets=targets[kept],
            test=row[self.test[kept[self.test]]],
            validation=None if self.validation is None else row[self.validation[kept[self.validation]]],
            outputs=len(classes),
            class_names=names,
        )

    def split(self, seed: int) -> Split:
        """The division of one seed: equal seeds give equal splits; `limit` and `label_noise` never move a row."""
        train, val = self._divided(seed)
        train_targets, targets = self._targets(train, generator(seed, "label_noise"))
        train = train[: self.limit]
        mean, std = self._scale(train)
        return Split(
            train=train,
            val=val,
            train_targets=train_targets,
            val_targets=targets[val],
            test_targets=targets[self.test],
            mean=mean.float(),
            std=std.float(),
            known=self._known(train) if self.vocabulary else None,
        )

    def _divided(self, seed: int) -> tuple[Tensor, Tensor]:
        """The rows of the training part, shuffled and without regard to `limit`, and those of the validation part."""
        rest, drawn = self._rest(), generator(seed, "split")
        if self.validation is not None:
            train = rest[~torch.isin(rest, self.validation)]
            return train[torch.from_numpy(drawn.permutation(len(train)))], self.validation
        val_size = part_size("val_fraction", self.val_fraction, self.targets[rest], self.task)
        if self.is_stream:
            start = int(drawn.integers(len(rest) - val_size + 1))
            return torch.cat([rest[:start], rest[start + val_size :]]), rest[start : start + val_size]
        return cut(rest, self.targets[rest], self.task, val_size, int(drawn.integers(2**32)))

    def _targets(self, train: Tensor, noise: np.random.Generator) -> tuple[Tensor, Tensor]:
        """The targets of the training part after `limit` and noise, and those of all examples without noise.

        Noise is drawn for the whole of `train`, so that a limited part gets the same noise as far as it goes.
        """
        limited = train[: self.limit]
        if self.task == "classification":
            noisy = other_classes(self.targets[train], self.outputs, self.label_noise, noise)
            return noisy[: self.limit], self.targets
        if self.task == "regression":
            errors = torch.from_numpy(noise.standard_normal(len(train)))[: self.limit]
            center, scale = mean_std(self.targets[limited], dims=(0,))
            targets = ((self.targets.double() - center) / scale).float()
            return (targets[limited] + self.label_noise * errors).float(), targets
        targets = self.targets
        if self.predicts_tokens:
            targets = torch.where(targets == NO_CLASS, NO_CLASS, self._known(limited)[targets])
        return targets[limited], targets

    def _scale(self, train: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the inputs of `train`; see `Split`."""
        if self.standardize == "none":
            shape = [1] * len(self.input_shape)
            mean, std = torch.zeros(shape), torch.ones(shape)
        else:
            dims = {
                "feature": (0,),
                "channel": (0, *range(2, self.inputs.ndim)),
                "step": tuple(range(self.inputs.ndim - 1)),
            }[self.standardize]
            mean, std = mean_std(self.inputs[train], dims, self.has_missing)
        if self.indicators:
            columns = torch.tensor(self.indicators)
            absent = (self.inputs[train][:, columns].nan_to_num() == 0).all(0)
            mean[columns], std[columns] = 0.0, torch.where(absent, math.inf, 1.0).double()
        return mean, std

    def _known(self, train: Tensor) -> Tensor:
        """(vocabulary,) what a reader of these rows takes each token for."""
        tokens = torch.arange(len(self.vocabulary))
        counts = torch.bincount(self.inputs[train].flatten(), minlength=len(tokens))
        return torch.where((counts >= self.min_count) | (tokens == PADDING), tokens, UNKNOWN)

    def _rest(self) -> Tensor:
        """The rows outside the test set."""
        outside = torch.ones(len(self.inputs), dtype=torch.bool)
        outside[self.test] = False
        return outside.nonzero().squeeze(1)


def hold_out_test(targets: Tensor, task: Task, test_fraction: float, class_names: Sequence[str] = ()) -> Tensor:
    """The rows, ascending, of a test set of that fraction: stratified by class, and the same on every call."""
    FRACTION.check("dataset.test_fraction", test_fraction)
    size = part_size("test_fraction", test_fraction, targets, task, class_names)
    _, test = cut(torch.arange(len(targets)), targets, task, size, TEST_SEED)
    return test.sort().values
