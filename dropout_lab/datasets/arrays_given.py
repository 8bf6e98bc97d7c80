"""Examples as they were given."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dropout_lab.datasets.parts import Parts


@dataclass(frozen=True, eq=False)
class Arrays:
    """Examples as they were given: those to train on first, then those of a validation part, then the test set's."""

    name: str
    where: str
    """What messages call them: `data`, or their file."""
    inputs: NDArray[Any]
    """(n, ...) numbers, finite."""
    targets: NDArray[Any]
    """(n,) numbers, truth values or words, or (n, k) numbers or truth values: several targets, or one-hot classes."""
    parts: Parts
    notes: Sequence[str] = ()
    """What was made of them, in sentences."""

    def digest(self) -> str:
        """A hash of the examples and their parts."""
        found = hashlib.blake2b(f"{self.parts.validation} {self.parts.test}".encode(), digest_size=6)
        words = self.targets.astype(str) if self.targets.dtype.kind in "OUT" else self.targets
        for array in (self.inputs, words):
            found.update(f"{array.shape} {array.dtype}".encode())
            found.update(np.ascontiguousarray(array).data if array.dtype.kind != "U" else "\0".join(array).encode())
        return found.hexdigest()
