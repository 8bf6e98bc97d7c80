"""Types with bounds, for the signatures of classes and functions that a config names; `kinds` checks them.

A signature may also spell out a bound, `Annotated[float, Field(ge=2)]`. A choice of names is a `Literal`.
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
PositiveShare = Annotated[float, Field(gt=0, le=1)]
Angle = Annotated[float, Field(ge=0, le=180)]
"""Degrees, to either side."""
DataSeed = Annotated[int, Field(ge=0, lt=2**32)]
"""A seed for drawing data; never the seed of a run."""
Whole = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Sizes = Annotated[Sequence[Count], Field(min_length=1)]
"""Widths of layers."""
