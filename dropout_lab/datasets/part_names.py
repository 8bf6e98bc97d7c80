"""The names of parts, in a column or of folders, and the rows that they give to each part."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

Part = Literal["train", "validation", "test"]

SPELLED: dict[str, Part] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""The usual names, in lower case."""
ALLOWED = "train or training; val, valid, validation or dev; test or testing"


def part_of(name: object) -> Part | None:
    """The part that a name means, in any case; None if it means none."""
    return SPELLED.get(str(name).strip().lower())


@dataclass(frozen=True, eq=False)
class GivenParts:
    """Rows of parts that came with the data; None where a part did not."""

    validation: Tensor | None = None
    test: Tensor | None = None

    @classmethod
    def of(cls, parts: Sequence[Part | None]) -> "GivenParts":
        """parts: of each row."""
        found = np.array(parts, dtype=object)
        rows = {part: torch.from_numpy(np.flatnonzero(found == part)) for part in ("validation", "test")}
        return cls(**{part: of_part for part, of_part in rows.items() if len(of_part)})
