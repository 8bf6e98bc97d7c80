"""Types with bounds, for the signatures of what a config describes: Python reads the type, `kinds` also the bounds.

Any other bound is written out in the signature, `Annotated[float, Field(ge=2)]`, and a choice is a `Literal`.
"""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

Rate = Annotated[float, Field(ge=0, lt=1, description="at least 0 and below 1: it is the probability of dropping")]
Share = Annotated[float, Field(ge=0, le=1)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
"""A proper part of the examples: neither none nor all."""
NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
ProperShare = Annotated[float, Field(ge=0, lt=1)]
DataSeed = Annotated[int, Field(ge=0, lt=2**32)]
"""Of data that are drawn; never the seed of a run."""
Whole = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Sizes = Annotated[Sequence[Count], Field(min_length=1)]
"""Of layers."""
