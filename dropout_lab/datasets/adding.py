"""The adding task: of a sequence of random numbers two are marked, and their sum is asked for at its end.

A step has a number, uniform in [0, 1], and a mark: 1 at one step of the first half and one of the second, else 0.
Answering with the mean has an error of 1 in units of the targets' variance, which is 1 / 6. As in Arjovsky, Shah and
Bengio, "Unitary Evolution Recurrent Neural Networks", ICML 2016, arXiv:1511.06464; after Hochreiter and
Schmidhuber, "Long Short-Term Memory", Neural Computation, 1997.
"""

from typing import Annotated

import torch
from pydantic import Field

from dropout_lab.config.bounds import Count, DataSeed, Fraction, NonNegative
from dropout_lab.core.seeding import generator
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.held_out import hold_out_test


def adding(
    *,
    lag: Annotated[int, Field(ge=2)] = 20,
    examples: Count = 5000,
    data_seed: DataSeed = 0,
    val_fraction: Fraction = 0.2,
    test_fraction: Fraction = 0.2,
    limit: Count | None = None,
    label_noise: NonNegative = 0.0,
) -> Dataset:
    """Sequences of `lag` steps: the first number must be kept for half of them at least, and all at most."""
    drawn = generator(data_seed, "data")
    numbers = torch.from_numpy(drawn.random((examples, lag))).float()
    half = lag // 2
    places = torch.from_numpy(drawn.integers([0, half], [half, lag], size=(examples, 2)))
    marks = torch.zeros(examples, lag).scatter_(1, places, 1.0)
    targets = (numbers * marks).sum(1)
    return Dataset(
        name="adding",
        task="regression",
        inputs=torch.stack([numbers, marks], 2),
        targets=targets,
        test=hold_out_test(targets, "regression", test_fraction),
        outputs=1,
        standardize="none",
        val_fraction=val_fraction,
        limit=limit,
        label_noise=label_noise,
    )
