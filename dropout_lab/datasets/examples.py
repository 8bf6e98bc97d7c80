"""All examples of a task as tensors, and what must be true of them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from dropout_lab.core.errors import UserError
from dropout_lab.core.tokens import NO_CLASS, PADDING, SPECIAL_TOKENS, UNKNOWN
from dropout_lab.datasets.column_reading import ColumnReading
from dropout_lab.datasets.split import Task


@dataclass(frozen=True, eq=False)
class Examples:
    """All examples of a task, raw."""

    name: str
    task: Task
    inputs: Tensor
    """(n, *input_shape) float32, raw, all examples, the test set's too. Finite, but for `has_missing`. A constant may
    have been taken from a feature, as `encode` does: the standardization takes it anyway. With a vocabulary,
    (n, length) int64 tokens."""
    targets: Tensor
    """(n,) int64 classes from 0, or float32, (n, outputs) where there are several; of multilabel, (n, labels) float32,
    1 for what an example has, else 0; of token_classification, (n, length) int64 classes or NO_CLASS."""
    test: Tensor
    """(n_test,) int64 rows of the test set: the same for every seed."""
    outputs: int
    """The number of classes, of labels, or of numbers to predict."""
    standardize: Literal["feature", "channel", "step", "none"]
    """One mean and standard deviation per feature (tables), per channel (images: dimension 1 of `inputs`), or per
    feature of a step, over all steps (sequences: the last dimension)."""
    indicators: Sequence[int] = ()
    """Features of a table, (n, features), that are 0 or 1, such as one for each category. They are left as they are:
    divided by its deviation, a category seen once in n training rows would be sqrt(n). Gelman, "Scaling regression
    inputs by dividing by two standard deviations", 2008, leaves binary inputs unscaled for their meaning."""
    has_missing: bool = False
    """Whether NaN stands for missing values in the inputs of a table, (n, features)."""
    class_names: Sequence[str] = ()
    """What the classes, the labels or the several outputs are called, for messages; without, by their numbers."""
    warnings: Sequence[str] = ()
    """What may be misread in its file; see `misread`."""
    notes: Sequence[str] = ()
    """What was made of data that leave it open, in sentences for people."""
    readings: Sequence[ColumnReading] = ()
    """What was understood of a table, a row a column."""
    vocabulary: Sequence[str] = ()
    """What the tokens are called, SPECIAL_TOKENS first; empty if the inputs are no tokens. It may have tokens that a
    seed's training part does not have: `Split.known` hides them."""
    predicts_tokens: bool = False
    """Whether the targets are tokens of the vocabulary: then one that the seed's training part does not know is UNKNOWN
    as a target, too, in all parts. A loss in nats is then that of a text whose unknown tokens are all alike: lower than
    that of the text itself, the lower the fewer tokens are known. It compares what one seed's models make of the same
    text, and no vocabularies, nor amounts of training data by small differences."""
    is_stream: bool = False
    """Whether the examples are pieces of one text, in its order: then the parts are contiguous, the test set is the
    text's end, the validation part a piece at a place that the seed draws, and batches follow the text, so that a model
    can carry its state from one piece to the next."""

    def digest(self) -> str:
        """A hash of the examples."""
        found = hashlib.blake2b(digest_size=8)
        for tensor in (self.inputs, self.targets, self.test):
            found.update(str(tuple(tensor.shape)).encode())
            found.update(tensor.contiguous().numpy().data)
        return found.hexdigest()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example's input."""
        return tuple(self.inputs.shape[1:])

    @property
    def has_accuracy(self) -> bool:
        """Whether a prediction is right or wrong, as a class is and a number is not."""
        return self.task != "regression"

    def example(self) -> Tensor:
        """(1, *input_shape) of zeros, or of a token that is no padding: what a model can be given to look at it."""
        return torch.full_like(self.inputs[:1], UNKNOWN if self.vocabulary else 0)

    def __post_init__(self) -> None:
        self._require(self.task in get_args(Task), f"task must be one of {', '.join(get_args(Task))}")
        self._require(
            self.standardize in ("feature", "channel", "step", "none"),
            "standardize must be feature, channel, step or none",
        )
        self._require(
            self.inputs.ndim > (2 if self.standardize == "channel" else 1),
            f"inputs must have an example dimension and more, channels second if standardize=channel; the shape is"
            f" {tuple(self.inputs.shape)}",
        )
        if self.vocabulary:
            self._check_tokens()
        else:
            self._check_numbers()
        self._check_table()
        self._check_parts()
        self._check_targets()

    def _require(self, condition: bool, rule: str) -> None:
        """Raises UserError with the rule if the condition is False."""
        if not condition:
            raise UserError(f"dataset {self.name}: {rule}")

    def _check_tokens(self) -> None:
        size = len(self.vocabulary)
        self._require(tuple(self.vocabulary[:2]) == SPECIAL_TOKENS, f"vocabulary must begin with {SPECIAL_TOKENS}")
        self._require(
            self.inputs.dtype == torch.int64
            and self.inputs.ndim == 2
            and bool(((self.inputs >= 0) & (self.inputs < size)).all()),
            f"inputs must be int64 tokens in 0..{size - 1} of the shape (n, length)",
        )
        padding = self.inputs == PADDING
        self._require(
            bool((padding.int().diff(dim=1) >= 0).all()) and not (self.is_stream and bool(padding.any())),
            f"padding ({PADDING}) must stand behind the tokens of an example, and a text that is read on has none",
        )
        self._require(self.standardize == "none", "tokens cannot be standardized: standardize must be none")

    def _check_numbers(self) -> None:
        self._require(self.inputs.dtype == torch.float32, f"inputs must be float32, not {self.inputs.dtype}")
        if not self.has_missing:
            self._require(bool(self.inputs.isfinite().all()), "inputs must be finite, but some are NaN or infinite")

    def _check_table(self) -> None:
        if self.has_missing:
            self._require(self.inputs.ndim == 2, "has_missing needs inputs of the shape (n, features)")
            self._require(not self.inputs.isinf().any(), "inputs must be finite or NaN, but some are infinite")
        if self.indicators:
            features = self.inputs.shape[1]
            self._require(
                self.inputs.ndim == 2 and all(0 <= column < features for column in self.indicators),
                f"indicators must be columns of inputs of the shape (n, features), in 0..{features - 1}",
            )

    def _check_parts(self) -> None:
        n = len(self.inputs)
        shape: tuple[int, ...] = (n, self.inputs.shape[1]) if self.task == "token_classification" else (n,)
        if self.task == "multilabel" or (self.task == "regression" and self.outputs > 1):
            shape = (n, self.outputs)
        self._require(tuple(self.targets.shape) == shape, f"targets must have the shape {shape}")
        self._require(
            self.test.dtype == torch.int64
            and self.test.ndim == 1
            and len(set(self.test.tolist())) == len(self.test)
            and bool(((self.test >= 0) & (self.test < n)).all()),
            f"test must hold different int64 rows in 0..{n - 1}",
        )
        if self.predicts_tokens:
            self._require(
                self.task == "token_classification" and self.outputs == len(self.vocabulary),
                f"to predict tokens, task must be token_classification and outputs={self.outputs} be"
                f" {len(self.vocabulary)}, the vocabulary's size",
            )
        if self.is_stream:
            end = torch.arange(n - len(self.test), n)
            self._require(torch.equal(self.test, end), "the test set of a stream must be its last rows, in their order")
            self._require(self.task == "token_classification", "a stream must be a token_classification")

    def _check_targets(self) -> None:
        if self.task == "regression":
            self._require(self.outputs >= 1, f"outputs={self.outputs} must be at least 1 for regression")
            self._require(self.targets.dtype == torch.float32, f"targets must be float32, not {self.targets.dtype}")
            self._require(bool(self.targets.isfinite().all()), "targets must be finite, but some are NaN or infinite")
            return
        if self.task == "multilabel":
            known = (self.targets == 0) | (self.targets == 1)
            self._require(self.targets.dtype == torch.float32, f"targets must be float32, not {self.targets.dtype}")
            self._require(bool(known.all()), "targets must be 0 or 1, but some are another number")
            return
        is_of_tokens = self.task == "token_classification"
        least = NO_CLASS if is_of_tokens else 0
        self._require(self.outputs >= 2, f"outputs={self.outputs} must be at least 2, the number of classes")
        self._require(
            self.targets.dtype == torch.int64 and bool(((self.targets >= least) & (self.targets < self.outputs)).all()),
            f"targets must be int64 classes in 0..{self.outputs - 1}{f', or {NO_CLASS}' if is_of_tokens else ''}",
        )
        if is_of_tokens:
            self._require(
                bool((self.targets >= 0).any(1).all()), "every example must have a target at one place at least"
            )
