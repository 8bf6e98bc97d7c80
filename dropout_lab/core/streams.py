"""Separate random streams from one seed, so that what is drawn for one purpose never shifts another."""

import zlib
from typing import Literal

import numpy as np

Purpose = Literal["init", "order", "mask", "split", "label_noise", "mixup", "data", "pretraining"]


def generator(seed: int, purpose: Purpose, *more: int) -> np.random.Generator:
    """The stream of `seed` for one purpose (and, say, one epoch): equal arguments give equal streams, others differ."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), *more])
