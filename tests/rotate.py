"""Full products in the slow tests, and a share of them in the quick ones."""

from collections.abc import Iterable
from typing import Any

import pytest


def rotated(cases: Iterable[Any], turn: int = 0, of: int = 3) -> list[Any]:
    """All cases for `parametrize`; only every `of`-th, from number `turn` on, is quick.

    Several tests over the same cases take different turns, so that together the quick ones meet more of them.
    """
    marks = {True: (), False: (pytest.mark.slow,)}
    return [pytest.param(case, marks=marks[number % of == turn]) for number, case in enumerate(cases)]
