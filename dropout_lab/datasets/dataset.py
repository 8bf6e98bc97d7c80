"""A dataset in memory and its division: one test set for everybody, training and validation parts per seed."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
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
from dropout_lab.datasets.class_weights import Weights, class_weights, of_names, require_weights
from dropout_lab.datasets.columns import Place
from dropout_lab.datasets.division_checks import (
    check_folds,
    check_groups,
    check_validation,
    require_group_that_fits,
)
from dropout_lab.datasets.examples import Examples
from dropout_lab.datasets.folds import Folds
from dropout_lab.datasets.grouped import part_of_groups, strata
from dropout_lab.datasets.limited import stratified_prefix
from dropout_lab.datasets.split import Split, Task, class_name, cut, mean_std, other_classes, part_size

FRACTION, LIMIT, MIN_COUNT = Kind(Fraction), Kind(Count | None), Kind(Count)
LABEL_NOISE: Mapping[Task, Kind] = {
    "classification": Kind(Share),
    "multilabel": Kind(Share),
    "regression": Kind(NonNegative),
    "token_classification": Kind(Annotated[float, Field(ge=0, le=0, description="0, for tokens are never spoilt")]),
}


@dataclass(frozen=True, eq=False)
class Dataset(Examples):
    """Examples, and the rules by which `split` divides them.

    `limit` keeps n examples of the seed's training part, in their order: the first of each class, so many that the
    classes keep their shares (`limited`); in other tasks the first n. `label_noise` q spoils training targets alone: a
    class is, with probability q, replaced by one of the others, each equally likely; each of several labels is, with
    probability q, turned into its opposite; a standardized number, of each output, gets Gaussian noise of standard
    deviation q. What is spoilt under a smaller q or `limit` is spoilt likewise under a larger one.
    """

    val_fraction: float = 0.2
    limit: int | None = None
    label_noise: float = 0.0
    class_weight: Weights | None = None
    """By class: the loss of an example counts so much, in training, validation and test; see `class_weights`."""
    min_count: int = 1
    """How often a seed's training part must have a token for its reader to know it. With 2, what occurs once there is
    UNKNOWN, and so UNKNOWN is trained; with 1 it is met for the first time in validation, but where the loader gave it
    to the rarest."""
    validation: Tensor | None = None
    """(n_val,) int64 rows of a validation part that is the same for every seed; None: each seed draws its own."""
    groups: Tensor | None = None
    """(n,) int64 numbers of groups whose rows are never on both sides; None: each row may go anywhere."""
    group_name: str = ""
    """The column or argument that the groups are from, for messages."""
    folds: int | None = None
    """Seed s validates on fold s % folds of repetition s // folds; None: each seed draws a part of `val_fraction`."""
    division: str = ""
    """How the parts are fixed, for people: `in time, by date`. Empty where they are drawn at random."""
    hints: Sequence[str] = ()
    """Columns that look as if they said which rows belong together, or which are later; see `hints`."""
    place: Place | None = None
    """Where row i of its file is, for messages."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.vocabulary:
            MIN_COUNT.check("dataset.min_count", self.min_count)
        FRACTION.check("dataset.val_fraction", self.val_fraction)
        LIMIT.check("dataset.limit", self.limit)
        LABEL_NOISE[self.task].check("dataset.label_noise", self.label_noise)
        self._check_class_weight()
        rest = self._rest()
        self._check_division(rest)
        if self.task == "classification" and not self.division and self.groups is None:
            missing = set(self.targets.tolist()) - set(self.targets[rest].tolist())
            if missing:
                raise UserError(
                    "dataset.test_fraction: the test set holds every example of class"
                    f" {class_name(min(missing), self.class_names)};"
                    " must leave at least 2 of each class for training and validation"
                )
        training = len(rest) - self.most_validation
        if self.limit is not None and self.limit > training:
            raise UserError(
                f"dataset.limit={self.limit}: must be at most {training}, the number of training examples of"
                f" {self.name}{self._sized_by()}, or null for all of them"
            )

    def _check_division(self, rest: Tensor) -> None:
        groups, fixed = self.groups, self.validation is not None
        if self.validation is not None:
            check_validation(self.name, self.validation, rest)
        if groups is not None:
            self._require(not self.is_stream, "a text that is read on has no groups")
            check_groups(self.name, groups, len(self.inputs), self.test, self.validation)
        if self.folds is not None:
            of_rest = None if groups is None else groups[rest]
            check_folds(self.folds, len(rest), of_rest, self.group_name, fixed=fixed, is_stream=self.is_stream)
        elif groups is not None and not fixed:
            fraction, size = self.val_fraction, self.most_validation
            require_group_that_fits("val_fraction", fraction, groups[rest].numpy(), size, self.group_name, varied=True)

    @cached_property
    def most_validation(self) -> int:
        """Examples of the largest validation part that a seed may have. The others are what every seed trains on: a
        seed whose part is smaller, because its groups are, leaves training examples out, drawn at random."""
        if self.validation is not None:
            return len(self.validation)
        if self.folds is not None:
            return self._folds.largest
        rest = self._rest()
        labels, task = self.targets[rest], self.task if self.groups is None else "regression"
        return part_size("val_fraction", self.val_fraction, labels, task, self.class_names)

    @cached_property
    def _folds(self) -> Folds:
        assert self.folds is not None
        rest = self._rest()
        groups = None if self.groups is None else self.groups[rest].numpy()
        return Folds(strata(self.targets[rest], self.task), groups, self.folds)

    def _sized_by(self) -> str:
        if self.validation is not None:
            return ""
        return f" with dataset.folds={self.folds}" if self.folds else f" with dataset.val_fraction={self.val_fraction}"

    def digest(self) -> str:
        """A hash of the examples and of what is given about their division."""
        found = hashlib.blake2b(super().digest().encode(), digest_size=8)
        for given in (self.validation, self.groups):
            found.update(b"-" if given is None else given.contiguous().numpy().data)
        return found.hexdigest()

    def _check_class_weight(self) -> None:
        if self.class_weight is None:
            return
        if self.task != "classification":
            raise UserError(f"dataset.class_weight={self.class_weight}: {self.name} has no one class for each example")
        require_weights(self.class_weight, self._names())

    def _names(self) -> Sequence[str]:
        """What the classes are called."""
        return [class_name(number, self.class_names) for number in range(self.outputs)]

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
            groups=None if self.groups is None else self.groups[kept],
            place=None,
            outputs=len(classes),
            class_names=names,
            class_weight=None if self.class_weight is None else of_names(self.class_weight, names),
        )

    def split(self, seed: int) -> Split:
        """The division of one seed: equal seeds give equal splits; `limit` and `label_noise` never move a row."""
        train, val = self._divided(seed)
        kept = self._kept(train, self.limit)
        train_targets, targets = self._targets(train, kept, generator(seed, "label_noise"))
        train = train[kept]
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
            class_weights=class_weights(self.class_weight, train_targets, self._names()) if self.class_weight else None,
        )

    def parts(self, seed: int) -> tuple[Tensor, Tensor]:
        """The rows of a seed's training part, before `limit`, and those of its validation part."""
        return self._divided(seed)

    def _divided(self, seed: int) -> tuple[Tensor, Tensor]:
        """The rows of the training part, shuffled and without regard to `limit`, as many for every seed, and those of
        the validation part."""
        train, val = self._sides(seed)
        return train[: len(train) + len(val) - self.most_validation], val

    def _sides(self, seed: int) -> tuple[Tensor, Tensor]:
        """The rows outside of the test set that do not validate, shuffled, and those that do."""
        rest, drawn = self._rest(), generator(seed, "split")
        if self.validation is not None or self.folds is not None or self.groups is not None:
            if self.validation is not None:
                validates = torch.isin(rest, self.validation)
            elif self.folds is not None:
                validates = torch.from_numpy(self._folds.validates(seed))
            else:
                assert self.groups is not None
                labels = strata(self.targets[rest], self.task)
                validates = torch.from_numpy(
                    part_of_groups(self.groups[rest].numpy(), labels, self.most_validation, drawn)
                )
            train = rest[~validates]
            return train[torch.from_numpy(drawn.permutation(len(train)))], rest[validates]
        val_size = self.most_validation
        if self.is_stream:
            start = int(drawn.integers(len(rest) - val_size + 1))
            return torch.cat([rest[:start], rest[start + val_size :]]), rest[start : start + val_size]
        return cut(rest, self.targets[rest], self.task, val_size, int(drawn.integers(2**32)))

    def _kept(self, train: Tensor, limit: int | None) -> Tensor:
        """The positions, ascending, in the training part of the examples that `limit` keeps."""
        if limit is None or self.task != "classification":
            return torch.arange(len(train))[:limit]
        return torch.from_numpy(stratified_prefix(self.targets[train].numpy(), min(limit, len(train))))

    def lacking(self, seed: int) -> Sequence[str]:
        """The classes of which `limit` keeps no example for a seed, by name."""
        if self.limit is None or self.task != "classification":
            return ()
        train, _ = self._divided(seed)
        kept = self.targets[train[self._kept(train, self.limit)]]
        absent = sorted(set(self.targets[train].tolist()) - set(kept.tolist()))
        return [class_name(number, self.class_names) for number in absent]

    def _targets(self, train: Tensor, kept: Tensor, noise: np.random.Generator) -> tuple[Tensor, Tensor]:
        """The targets of the training part after `limit` and noise, and those of all examples without noise.

        Noise is drawn for the whole of `train`, so that a limited part gets the same noise as far as it goes.
        """
        limited = train[kept]
        if self.task == "classification":
            noisy = other_classes(self.targets[train], self.outputs, self.label_noise, noise)
            return noisy[kept], self.targets
        if self.task == "multilabel":
            flipped = torch.from_numpy(noise.random(self.targets[train].shape) < self.label_noise)
            return torch.where(flipped, 1 - self.targets[train], self.targets[train])[kept], self.targets
        if self.task == "regression":
            errors = torch.from_numpy(noise.standard_normal(self.targets[train].shape))[kept]
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
