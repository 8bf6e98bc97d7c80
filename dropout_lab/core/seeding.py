"""Separate random streams from one seed: drawing for one purpose never shifts another."""

import zlib
from typing import Literal

import numpy as np

Purpose = Literal[
    "init", "order", "mask", "split", "label_noise", "mixup", "cutmix", "data", "pretraining", "folds", "measure"
]


def generator(seed: int, purpose: Purpose, *more: int) -> np.random.Generator:
    """The stream of `seed` for one purpose and, with `more`, e.g. for one epoch. Equal arguments give equal streams."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), *more])
