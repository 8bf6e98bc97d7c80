"""A part of the data as the lanes evaluate it: in chunks of equal size."""

from dataclasses import dataclass
from math import ceil, prod

import torch
from torch import Tensor

from dropout_lab.datasets.dataset import Dataset

EVALUATION_ROWS = 1024
"""The most examples of a lane that are evaluated at once; it bounds the memory of the activations."""
EVALUATION_NUMBERS = 1 << 18
"""The most numbers in these examples. No bound may depend on the width, or the last bits of a sum would."""
EVALUATION_PIECES = 16
"""The fewest pieces that a text is read in when it is evaluated: the first example of a piece has no past."""


@dataclass
class Part:
    """Examples to evaluate, in chunks of equal size; the last one is padded with examples of weight 0."""

    size: int
    rows: Tensor
    """(chunk, lane, n)"""
    targets: Tensor
    """(chunk, lane, n)"""
    weight: Tensor
    """(chunk, lane, n): 1, or 0 for padding."""

    is_stream: bool
    """Whether each example continues, as text, the example at the same position of the chunk before."""

    @classmethod
    def empty(cls, size: int, chunk: int, width: int, dataset: Dataset, device: torch.device) -> "Part":
        """A part of `size` examples for `width` lanes, whose rows and targets are to be loaded."""
        shape = ceil(size / chunk), width, chunk
        rows = torch.zeros(shape, dtype=torch.int64, device=device)
        targets = torch.zeros((*shape, *dataset.targets.shape[1:]), dtype=dataset.targets.dtype, device=device)
        part = cls(size, rows, targets, torch.zeros(shape, device=device), dataset.is_stream)
        counted = torch.cat([torch.ones(size), torch.zeros(shape[0] * chunk - size)])
        if dataset.is_stream:
            counted = counted.view(chunk, shape[0]).t()
        part.weight.copy_(counted.reshape(shape[0], 1, chunk))
        return part

    def load(self, lane: int, rows: Tensor, targets: Tensor) -> None:
        """Puts a run's rows and targets, (n, ...) each, into a lane."""
        for stacked, values in ((self.rows, rows), (self.targets, targets)):
            stacked[:, lane] = self._chunks(values).to(stacked.device)

    def in_order(self) -> Tensor:
        """The targets, (lane, n, ...), in the order in which the chunks are evaluated, without padding."""
        return self.targets.transpose(0, 1).flatten(1, 2)[:, : self.size]

    def _chunks(self, values: Tensor) -> Tensor:
        """(n, ...) -> (chunk, n, ...), padded with the first example."""
        chunks, _, chunk = self.rows.shape
        fill = values[:1].expand(chunks * chunk - self.size, *values.shape[1:])
        filled = torch.cat([values[: self.size], fill])
        if self.is_stream:
            return filled.view(chunk, chunks, *values.shape[1:]).transpose(0, 1)
        return filled.view(chunks, chunk, *values.shape[1:])


def chunk_size(dataset: Dataset, size: int) -> int:
    """How many examples of a part of `size` are evaluated at once, so that its chunks are equal."""
    most = EVALUATION_NUMBERS // prod(dataset.input_shape)
    if dataset.is_stream:
        most = min(most, ceil(size / EVALUATION_PIECES))
    return ceil(size / ceil(size / max(1, min(EVALUATION_ROWS, most))))
