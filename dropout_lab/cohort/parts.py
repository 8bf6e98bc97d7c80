"""A part of the data as the lanes evaluate it: in chunks of equal size."""

from dataclasses import dataclass
from math import ceil, prod

import torch
from torch import Tensor

from dropout_lab.datasets.class_weights import example_weights
from dropout_lab.datasets.dataset import Dataset

EVALUATION_ROWS = 1024
"""The most examples of a lane that are evaluated at once; it bounds the memory of the activations."""
EVALUATION_NUMBERS = 1 << 18
"""The most numbers in these examples. No bound may depend on the width, or the last bits of a sum would."""
EVALUATION_PIECES = 16
"""The fewest pieces that a text is read in when it is evaluated: the first example of a piece has no past."""


@dataclass
class Part:
    """Examples to evaluate, in chunks of equal size; behind those of a lane it is padded with examples of weight 0."""

    most: int
    """Examples of a lane at most."""
    sizes: Tensor
    """(lane,): how many each has."""
    rows: Tensor
    """(chunk, lane, n)"""
    targets: Tensor
    """(chunk, lane, n)"""
    weight: Tensor
    """(chunk, lane, n): 1, or 0 for padding. Where classes have weights, (chunk, lane, n, 2): that, and the weight of
    the loss, whose mean over the part is 1."""

    is_stream: bool
    """Whether each example continues, as text, the example at the same position of the chunk before."""

    @classmethod
    def empty(cls, most: int, chunk: int, width: int, dataset: Dataset, device: torch.device) -> "Part":
        """A part of at most that many examples for `width` lanes, whose rows and targets are to be loaded."""
        shape = ceil(most / chunk), width, chunk
        rows = torch.zeros(shape, dtype=torch.int64, device=device)
        targets = torch.zeros((*shape, *dataset.targets.shape[1:]), dtype=dataset.targets.dtype, device=device)
        sizes = torch.full((width,), float(most), device=device)
        part = cls(most, sizes, rows, targets, torch.zeros(shape, device=device), dataset.is_stream)
        part.weight.copy_(part._chunks(torch.ones(most), torch.zeros(1)).unsqueeze(1))
        if dataset.class_weight is not None:
            part.weight = part.weight.unsqueeze(-1).repeat(1, 1, 1, 2)
        return part

    def load(self, lane: int, rows: Tensor, targets: Tensor, class_weights: Tensor | None) -> None:
        """Puts a run's rows and targets, (n, ...) each, into a lane, the first `most` of them, with the weights of its
        classes."""
        rows, targets = rows[: self.most], targets[: self.most]
        self.sizes[lane] = len(rows)
        for stacked, values in ((self.rows, rows), (self.targets, targets)):
            stacked[:, lane] = self._chunks(values, values[:1]).to(stacked.device)
        weight = torch.ones(len(rows))
        if class_weights is not None:
            weight = torch.stack([weight, example_weights(class_weights, targets)], -1)
        self.weight[:, lane] = self._chunks(weight, torch.zeros_like(weight[:1])).to(self.weight.device)

    def in_order(self) -> Tensor:
        """The targets, (lane, n, ...), in the order in which the chunks are evaluated, without padding."""
        return self.targets.transpose(0, 1).flatten(1, 2)[:, : self.most]

    def _chunks(self, values: Tensor, fill: Tensor) -> Tensor:
        """(n, ...) -> (chunk, n, ...), padded with `fill`, (1, ...)."""
        chunks, _, chunk = self.rows.shape
        filled = torch.cat([values, fill.expand(chunks * chunk - len(values), *values.shape[1:])])
        if self.is_stream:
            return filled.view(chunk, chunks, *values.shape[1:]).transpose(0, 1)
        return filled.view(chunks, chunk, *values.shape[1:])


def chunk_size(dataset: Dataset, size: int) -> int:
    """How many examples of a part of `size` are evaluated at once, so that its chunks are equal."""
    most = EVALUATION_NUMBERS // prod(dataset.input_shape)
    if dataset.is_stream:
        most = min(most, ceil(size / EVALUATION_PIECES))
    return ceil(size / ceil(size / max(1, min(EVALUATION_ROWS, most))))
