"""Noise keys: one for every run, step and site, derived from the run's seed only."""

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dropout_lab.core.seeding import generator

FIRST_SAMPLE = 1 << 40
"""The step number of the first mask that is drawn for an evaluation; a training has fewer steps."""


def mask_seed(seed: int) -> int:
    """The 64-bit start of a seed's mask stream."""
    return int(generator(seed, "mask").integers(2**64, dtype=np.uint64))


def keys(mask_seeds: Sequence[int], steps: NDArray[np.int64], sites: Sequence[str]) -> NDArray[np.int32]:
    """The noise keys of a sequence of steps.

    mask_seeds: one per lane; steps: (step, lane), each run's own step number.
    Returns (step, lane, site, 2): 64 bits each. A site's key depends on its name, not on the other sites.
    """
    names = np.array([zlib.crc32(site.encode()) for site in sites], dtype=np.uint64)
    mixed = _mix(np.asarray(mask_seeds, dtype=np.uint64)[None, :] ^ _mix(steps.astype(np.uint64)))
    return _mix(mixed[:, :, None] ^ (names << np.uint64(32))).view(np.int32).reshape(*steps.shape, len(sites), 2)


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's output function (Steele, Lea & Flood, OOPSLA 2014) of value + its increment."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
