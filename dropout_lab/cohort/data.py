"""The data of the lanes: each run's own division of the dataset, with the lane as the first or second axis."""

from collections.abc import Iterable
from functools import cached_property

import torch
from torch import Tensor

from dropout_lab.cohort.parts import Part, chunk_size
from dropout_lab.cohort.recipe import Structure
from dropout_lab.datasets.split import Split


class LaneData:
    """The training rows of every lane, its parts for evaluation, and how it reads its inputs; changed in place."""

    def __init__(self, structure: Structure, template: Split, width: int, device: torch.device) -> None:
        """template: a split of the dataset; its values do not count."""
        self._device, dataset = device, structure.dataset
        self._test = dataset.test

        def stacked(value: Tensor) -> Tensor:
            return value.to(device).expand(width, *value.shape).clone()

        self.inputs = dataset.inputs.to(device)
        """The dataset's inputs, which all lanes read: the only tensor here without a lane axis."""
        self.reading = {name: stacked(value) for name, value in template.reading().items()}
        """How each lane reads them: (lane, ...) each."""
        self.train_rows, self.train_targets = stacked(template.train), stacked(template.train_targets)
        """(lane, n, ...)"""
        self._gap_examples = structure.gap_examples
        self.class_weights = None if template.class_weights is None else stacked(template.class_weights)
        """(lane, classes), where classes have weights."""
        self.chunk = chunk_size(dataset, dataset.most_validation)
        """Examples of a part that are evaluated at once."""
        sizes = {
            "train": min(structure.gap_examples or dataset.most_validation, len(template.train)),
            "val": dataset.most_validation,
            "test": len(dataset.test),
        }
        self.parts = {name: Part.empty(size, self.chunk, width, dataset, device) for name, size in sizes.items()}

    @cached_property
    def given(self) -> dict[str, Tensor]:
        """What `inputs_of` takes, and the weights of the classes."""
        weights = {} if self.class_weights is None else {"class_weights": self.class_weights}
        return {"inputs": self.inputs, **self.reading, **weights}

    @property
    def tensors(self) -> list[Tensor]:
        """What an evaluation or a step reads, by lane."""
        parts = [tensor for part in self.parts.values() for tensor in (part.rows, part.targets, part.weight)]
        return [*self.reading.values(), *parts, *([] if self.class_weights is None else [self.class_weights])]

    def load(self, lane: int, split: Split) -> None:
        """Puts a run's split into a lane."""
        self.train_rows[lane] = split.train.to(self._device)
        self.train_targets[lane] = split.train_targets.to(self._device)
        examples, weights = self._gap_examples or len(split.val), split.class_weights
        self.parts["train"].load(lane, split.train[:examples], split.train_targets[:examples], weights)
        self.parts["val"].load(lane, split.val, split.val_targets, weights)
        self.parts["test"].load(lane, self._test, split.test_targets, weights)
        if self.class_weights is not None and weights is not None:
            self.class_weights[lane] = weights.to(self._device)
        for name, value in split.reading().items():
            self.reading[name][lane] = value.to(self._device)

    def of(self, lanes: slice, tensors: Iterable[Tensor]) -> list[Tensor]:
        """These lanes of tensors, (lane, ...), and the dataset's inputs whole."""
        return [tensor if tensor is self.inputs else tensor[lanes] for tensor in tensors]
