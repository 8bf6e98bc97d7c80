"""A map-style torch Dataset, read once into arrays."""

from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.array_values import Held, Pair, as_array

TWICE = 3
"""Examples of a Dataset that are read twice, to see whether they stay the same."""


def read(dataset: Any, where: str) -> Pair:
    """The examples of a map-style Dataset, read once. Raises UserError for another one, and for random examples."""
    if isinstance(dataset, DataLoader):
        raise UserError(f"{where} is a DataLoader; give its Dataset, loader.dataset: batches are made here")
    if not isinstance(dataset, Dataset):
        raise UserError(f"{where} is a {type(dataset).__name__} beside a Dataset; must be all Datasets or all arrays")
    if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__len__"):
        raise UserError(f"{where} is an IterableDataset, or has no length; must be map-style, with len() and [index]")
    examples = [_example(dataset, place, where) for place in range(len(dataset))]
    if not examples:
        raise UserError(f"{where} has no examples")
    for place, before in enumerate(examples[:TWICE]):
        if not all(np.array_equal(a, b) for a, b in zip(before, _example(dataset, place, where), strict=True)):
            raise UserError(
                f"{where}[{place}] is another one each time it is read, by a random transform; examples are read once,"
                " so leave that out: trainer.shift, trainer.crop, trainer.rotate and others augment anew in every epoch"
            )
    shapes = {x.shape for x, _ in examples}
    if len(shapes) > 1:
        raise UserError(f"{where}: its examples have different shapes, {' and '.join(map(str, sorted(shapes)[:2]))}")
    of_targets = {y.shape for _, y in examples}
    if len(of_targets) > 1:
        raise UserError(f"{where}: its targets have different shapes, {' and '.join(map(str, sorted(of_targets)[:2]))}")
    return np.stack([x for x, _ in examples]), np.array([y for _, y in examples])


def _example(dataset: Any, place: int, where: str) -> Pair:
    item = dataset[place]
    if not isinstance(item, tuple | list) or len(item) != 2:
        raise UserError(f"{where}[{place}] is a {type(item).__name__}; must be a pair (input, target)")
    x, y = item
    if not isinstance(x, torch.Tensor | np.ndarray | list | tuple):
        raise UserError(
            f"{where}[{place}]: its input is a {type(x).__name__}; must be a tensor or an array, of an image by"
            " transform=ToTensor()"
        )
    target = np.asarray(y.detach().cpu() if isinstance(y, torch.Tensor) else y)
    if target.ndim > 1 or not target.size:
        raise UserError(
            f"{where}[{place}]: its target has the shape {target.shape}; must be one class or number, or a row of them"
        )
    return as_array(Held(x, f"{where}[{place}]")), target.reshape(()) if target.size == 1 else target
