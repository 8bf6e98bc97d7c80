"""A dataset in memory and its division: one test part for everybody, training and validation parts per seed."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal, get_args

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from dropout_lab.config.bounds import Count, Fraction, NonNegative, Share
from dropout_lab.config.kinds import Kind
from dropout_lab.core.errors import UserError
from dropout_lab.core.streams import generator
from dropout_lab.core.tokens import NO_CLASS, PADDING, SPECIAL_TOKENS, UNKNOWN

Task = Literal["classification", "regression", "token_classification"]
"""A class of an example, a number, or a class at every place of a sequence: what a language model predicts, too."""

Supervised = Literal["classification", "regression"]
"""The tasks that a column of a table can be."""

FRACTION, LIMIT, MIN_COUNT = Kind(Fraction), Kind(Count | None), Kind(Count)
LABEL_NOISE: Mapping[Task, Kind] = {
    "classification": Kind(Share),
    "regression": Kind(NonNegative),
    "token_classification": Kind(Annotated[float, Field(ge=0, le=0, description="0, for tokens are never spoilt")]),
}

TEST_SEED = 0
"""The test part is cut with this seed, never with a run's: no run may train on what another is tested on."""


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
    """(n_train,) int64 classes after label noise, or float32 standardized values after it; of token_classification,
    (n_train, length) int64."""
    val_targets: Tensor
    """(n_val, ...) likewise, without noise."""
    test_targets: Tensor
    """(n_test, ...) likewise, in the order of `Dataset.test`."""
    mean: Tensor
    """Of the values known in `train` alone; broadcastable to one input. 0 for indicators."""
    std: Tensor
    """Of the values known in `train` alone (the population's formula); 1 where they are constant, so never 0.

    Infinite, so that the feature is 0 in every row, where `train` cannot tell its use: an indicator that is 0 in all of
    `train`, as of a category only others have, and a feature of which `train` knows no value.
    """
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
        told = other.std.isfinite()
        return replace(self, mean=torch.where(told, other.mean, self.mean), std=torch.where(told, other.std, self.std))


@dataclass(frozen=True, eq=False)
class Dataset:
    """All examples of a task, raw, and the rules by which `split` divides them.

    `limit` keeps the first n examples of the seed's shuffled training part. `label_noise` q spoils training targets
    alone: a class is, with probability q, replaced by one of the others, each equally likely; a standardized regression
    target gets Gaussian noise of standard deviation q. What is spoilt under a smaller q or `limit` is spoilt likewise
    under a larger one.
    """

    name: str
    task: Task
    inputs: Tensor
    """(n, *input_shape) float32, raw, all examples, the test part's too. Finite, but for `has_missing`. A constant may
    have been taken from a feature, as `encode` does: the standardization takes it anyway. With a vocabulary,
    (n, length) int64 tokens."""
    targets: Tensor
    """(n,) int64 classes from 0, or float32; of token_classification, (n, length) int64 classes or NO_CLASS."""
    test: Tensor
    """(n_test,) int64 rows of the test part: the same for every seed."""
    outputs: int
    """The number of classes, or 1."""
    standardize: Literal["feature", "channel", "none"]
    """One mean and standard deviation per feature (tables) or per channel (images: dimension 1 of `inputs`)."""
    val_fraction: float = 0.2
    limit: int | None = None
    label_noise: float = 0.0
    indicators: Sequence[int] = ()
    """Features of a table, (n, features), that are 0 or 1, such as one for each category. They are left as they are:
    divided by its deviation, a category seen once in n training rows would be sqrt(n). Gelman, "Scaling regression
    inputs by dividing by two standard deviations", 2008, leaves binary inputs unscaled for their meaning."""
    has_missing: bool = False
    """Whether NaN stands for missing values in the inputs of a table, (n, features)."""
    class_names: Sequence[str] = ()
    """What the classes are called, for messages; without, by their numbers."""
    warnings: Sequence[str] = ()
    """What may be misread in its file; see `misread`."""
    vocabulary: Sequence[str] = ()
    """What the tokens are called, SPECIAL_TOKENS first; empty if the inputs are no tokens. It may have tokens that a
    seed's training part does not have: `Split.known` hides them."""
    min_count: int = 1
    """How often a seed's training part must have a token for its reader to know it. With 2, what occurs once there is
    UNKNOWN, and so UNKNOWN is trained; with 1 it is met for the first time in validation, but where the loader gave it
    to the rarest."""
    predicts_tokens: bool = False
    """Whether the targets are tokens of the vocabulary: then one that the seed's training part does not know is UNKNOWN
    as a target, too, in all parts. A loss in nats is then that of a text whose unknown tokens are all alike: lower than
    that of the text itself, the lower the fewer tokens are known. It compares what one seed's models make of the same
    text, and no vocabularies, nor amounts of training data by small differences."""
    is_stream: bool = False
    """Whether the examples are pieces of one text, in its order: then the parts are contiguous, the test part is the
    text's end, the validation part a piece at a place that the seed draws, and batches follow the text, so that a model
    can carry its state from one piece to the next."""

    def digest(self) -> str:
        """A hash of the examples."""
        found = hashlib.blake2b(digest_size=8)
        for tensor in (self.inputs, self.targets, self.test):
            found.update(str(tuple(tensor.shape)).encode())
            found.update(tensor.contiguous().numpy().data)
        return found.hexdigest()

    def __post_init__(self) -> None:
        self._check_tensors()
        FRACTION.check("dataset.val_fraction", self.val_fraction)
        LIMIT.check("dataset.limit", self.limit)
        LABEL_NOISE[self.task].check("dataset.label_noise", self.label_noise)
        rest = self._rest()
        if self.task == "classification":
            missing = set(self.targets.tolist()) - set(self.targets[rest].tolist())
            if missing:
                raise UserError(
                    "dataset.test_fraction: the test part holds every example of class"
                    f" {_name(min(missing), self.class_names)};"
                    " must leave at least 2 of each class for training and validation"
                )
        training = len(rest) - _part_size(
            "val_fraction", self.val_fraction, self.targets[rest], self.task, self.class_names
        )
        if self.limit is not None and self.limit > training:
            raise UserError(
                f"dataset.limit={self.limit}: must be at most {training}, the number of training examples of"
                f" {self.name} with dataset.val_fraction={self.val_fraction}, or null for all of them"
            )

    @property
    def input_shape(self) -> tuple[int, ...]:
        return tuple(self.inputs.shape[1:])

    @property
    def has_accuracy(self) -> bool:
        return self.task != "regression"

    def example(self) -> Tensor:
        """(1, *input_shape) of zeros, or of a token that is no padding: what a model can be given to look at it."""
        return torch.full_like(self.inputs[:1], UNKNOWN if self.vocabulary else 0)

    def of_classes(self, classes: Sequence[int]) -> "Dataset":
        """The examples of these classes alone, those of the test part too; the classes are numbered in this order."""
        number = torch.full((self.outputs,), -1)
        number[list(classes)] = torch.arange(len(classes))
        targets = number[self.targets]
        kept = targets >= 0
        row = kept.cumsum(0) - 1
        names = [_name(one, self.class_names) for one in classes]
        return replace(
            self,
            name=f"{self.name} (classes {', '.join(names)})",
            inputs=self.inputs[kept],
            targets=targets[kept],
            test=row[self.test[kept[self.test]]],
            outputs=len(classes),
            class_names=names,
        )

    def split(self, seed: int) -> Split:
        """The division of one seed: equal seeds give equal splits; `limit` and `label_noise` never move a row."""
        rest = self._rest()
        val_size = _part_size("val_fraction", self.val_fraction, self.targets[rest], self.task)
        drawn = generator(seed, "split")
        if self.is_stream:
            start = int(drawn.integers(len(rest) - val_size + 1))
            train, val = torch.cat([rest[:start], rest[start + val_size :]]), rest[start : start + val_size]
        else:
            train, val = _cut(rest, self.targets[rest], self.task, val_size, int(drawn.integers(2**32)))
        noise = generator(seed, "label_noise")
        if self.task == "classification":
            # Noise is drawn for the whole training part, so that a limited one gets the same noise as far as it goes.
            targets = self.targets
            train_targets = _other_classes(targets[train], self.outputs, self.label_noise, noise)[: self.limit]
            train = train[: self.limit]
        elif self.task == "token_classification":
            targets = self.targets
            train = train[: self.limit]
            if self.predicts_tokens:
                targets = torch.where(targets == NO_CLASS, NO_CLASS, self._known(train)[targets])
            train_targets = targets[train]
        else:
            errors = torch.from_numpy(noise.standard_normal(len(train)))[: self.limit]
            train = train[: self.limit]
            center, scale = _mean_std(self.targets[train], dims=(0,))
            targets = ((self.targets.double() - center) / scale).float()
            train_targets = (targets[train] + self.label_noise * errors).float()
        if self.standardize == "none":
            shape = [1] * len(self.input_shape)
            mean, std = torch.zeros(shape), torch.ones(shape)
        else:
            dims = (0,) if self.standardize == "feature" else (0, *range(2, self.inputs.ndim))
            mean, std = _mean_std(self.inputs[train], dims, self.has_missing)
        if self.indicators:
            columns = torch.tensor(self.indicators)
            absent = (self.inputs[train][:, columns].nan_to_num() == 0).all(0)
            mean[columns], std[columns] = 0.0, torch.where(absent, math.inf, 1.0).double()
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

    def _known(self, train: Tensor) -> Tensor:
        """(vocabulary,) what a reader of these rows takes each token for."""
        tokens = torch.arange(len(self.vocabulary))
        counts = torch.bincount(self.inputs[train].flatten(), minlength=len(tokens))
        return torch.where((counts >= self.min_count) | (tokens == PADDING), tokens, UNKNOWN)

    def _rest(self) -> Tensor:
        """The rows outside the test part."""
        outside = torch.ones(len(self.inputs), dtype=torch.bool)
        outside[self.test] = False
        return outside.nonzero().squeeze(1)

    def _check_tensors(self) -> None:
        def require(condition: bool, rule: str) -> None:
            if not condition:
                raise UserError(f"dataset {self.name}: {rule}")

        n = len(self.inputs)
        require(self.task in get_args(Task), f"task must be one of {', '.join(get_args(Task))}")
        require(self.standardize in ("feature", "channel", "none"), "standardize must be feature, channel or none")
        require(
            self.inputs.ndim > (2 if self.standardize == "channel" else 1),
            f"inputs must have an example dimension and more, channels second if standardize=channel; the shape is"
            f" {tuple(self.inputs.shape)}",
        )
        if self.vocabulary:
            size = len(self.vocabulary)
            require(tuple(self.vocabulary[:2]) == SPECIAL_TOKENS, f"vocabulary must begin with {SPECIAL_TOKENS}")
            require(
                self.inputs.dtype == torch.int64
                and self.inputs.ndim == 2
                and bool(((self.inputs >= 0) & (self.inputs < size)).all()),
                f"inputs must be int64 tokens in 0..{size - 1} of the shape (n, length)",
            )
            padding = self.inputs == PADDING
            require(
                bool((padding.int().diff(dim=1) >= 0).all()) and not (self.is_stream and bool(padding.any())),
                f"padding ({PADDING}) must stand behind the tokens of an example, and a text that is read on has none",
            )
            require(self.standardize == "none", "tokens cannot be standardized: standardize must be none")
            MIN_COUNT.check("dataset.min_count", self.min_count)
        else:
            require(self.inputs.dtype == torch.float32, f"inputs must be float32, not {self.inputs.dtype}")
            if not self.has_missing:
                require(bool(self.inputs.isfinite().all()), "inputs must be finite, but some are NaN or infinite")
        if self.has_missing:
            require(self.inputs.ndim == 2, "has_missing needs inputs of the shape (n, features)")
            require(not self.inputs.isinf().any(), "inputs must be finite or NaN, but some are infinite")
        if self.indicators:
            features = self.inputs.shape[1]
            require(
                self.inputs.ndim == 2 and all(0 <= column < features for column in self.indicators),
                f"indicators must be columns of inputs of the shape (n, features), in 0..{features - 1}",
            )
        shape = (n, self.inputs.shape[1]) if self.task == "token_classification" else (n,)
        require(tuple(self.targets.shape) == shape, f"targets must have the shape {shape}")
        require(
            self.test.dtype == torch.int64
            and self.test.ndim == 1
            and len(set(self.test.tolist())) == len(self.test)
            and bool(((self.test >= 0) & (self.test < n)).all()),
            f"test must hold different int64 rows in 0..{n - 1}",
        )
        if self.predicts_tokens:
            require(
                self.task == "token_classification" and self.outputs == len(self.vocabulary),
                f"to predict tokens, task must be token_classification and outputs={self.outputs} be"
                f" {len(self.vocabulary)}, the vocabulary's size",
            )
        if self.is_stream:
            end = torch.arange(n - len(self.test), n)
            require(torch.equal(self.test, end), "the test part of a stream must be its last rows, in their order")
            require(self.task == "token_classification", "a stream must be a token_classification")
        if self.task == "classification":
            require(self.outputs >= 2, f"outputs={self.outputs} must be at least 2, the number of classes")
            require(
                self.targets.dtype == torch.int64 and bool(((self.targets >= 0) & (self.targets < self.outputs)).all()),
                f"targets must be int64 classes in 0..{self.outputs - 1}",
            )
        elif self.task == "token_classification":
            require(self.outputs >= 2, f"outputs={self.outputs} must be at least 2, the number of classes")
            require(
                self.targets.dtype == torch.int64
                and bool(((self.targets >= NO_CLASS) & (self.targets < self.outputs)).all()),
                f"targets must be int64 classes in 0..{self.outputs - 1}, or {NO_CLASS}",
            )
            require(bool((self.targets >= 0).any(1).all()), "every example must have a target at one place at least")
        else:
            require(self.outputs == 1, f"outputs={self.outputs} must be 1 for regression")
            require(self.targets.dtype == torch.float32, f"targets must be float32, not {self.targets.dtype}")
            require(bool(self.targets.isfinite().all()), "targets must be finite, but some are NaN or infinite")


def hold_out_test(targets: Tensor, task: Task, test_fraction: float, class_names: Sequence[str] = ()) -> Tensor:
    """The rows, ascending, of a test part of that fraction: stratified by class, and the same on every call."""
    FRACTION.check("dataset.test_fraction", test_fraction)
    size = _part_size("test_fraction", test_fraction, targets, task, class_names)
    _, test = _cut(torch.arange(len(targets)), targets, task, size, TEST_SEED)
    return test.sort().values


def _name(number: int, class_names: Sequence[str]) -> str:
    return class_names[number] if class_names else str(number)


def _part_size(key: str, fraction: float, targets: Tensor, task: Task, class_names: Sequence[str] = ()) -> int:
    """How many examples that fraction is; refused if it, or the rest, is too small for an example of each class."""
    size = round(fraction * len(targets))
    least, each = 1, "one"
    if task == "classification":
        counts = torch.bincount(targets).tolist()
        if 1 in counts:
            raise UserError(
                f"dataset.{key}={fraction}: class {_name(counts.index(1), class_names)} has only 1 example to divide;"
                " a stratified split needs at least 2 of each class"
            )
        least, each = max(1, sum(count > 0 for count in counts)), "one per class"
    if not least <= size <= len(targets) - least:
        raise UserError(
            f"dataset.{key}={fraction}: is {size} of {len(targets)} examples; both parts must have at least {least}"
            f" ({each})"
        )
    return size


def _cut(rows: Tensor, targets: Tensor, task: Task, size: int, seed: int) -> tuple[Tensor, Tensor]:
    """Shuffles the rows and cuts `size` of them off, stratified by class: the others first, then those."""
    from sklearn.model_selection import train_test_split  # takes seconds to import

    stratify = targets.numpy() if task == "classification" else None
    others, part = train_test_split(rows.numpy(), test_size=size, random_state=seed, stratify=stratify)
    return torch.from_numpy(others), torch.from_numpy(part)


def _other_classes(labels: Tensor, classes: int, probability: float, noise: np.random.Generator) -> Tensor:
    """Each label replaced, with that probability, by one of the other classes, each equally likely."""
    replaced = torch.from_numpy(noise.random(len(labels)) < probability)
    shift = torch.from_numpy(noise.integers(1, classes, size=len(labels)))
    return torch.where(replaced, (labels + shift) % classes, labels)


def _mean_std(values: Tensor, dims: tuple[int, ...], has_missing: bool = False) -> tuple[Tensor, Tensor]:
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
