"""A rule for values in words, and what it refuses."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

import pytest
from pydantic import AfterValidator, Field

from dropout_lab.config.bounds import Count, Fraction, NonNegative, Positive, Rate, Share, Sizes
from dropout_lab.config.kinds import Kind
from dropout_lab.core.errors import UserError
from dropout_lab.models.activations import ACTIVATIONS, ActivationName
from dropout_lab.models.cells import CELLS, CellName
from dropout_lab.models.layers import NORMS, Norm
from tests.made import made


def even(number: int) -> int:
    if number % 2:
        raise ValueError("must be even")
    return number


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (float, "a number"),
        (int | None, "a whole number, or null"),
        (Rate, "at least 0 and below 1: it is the probability of dropping"),
        (Share, "a finite number of at least 0 and at most 1"),
        (Fraction, "a finite number above 0 and below 1"),
        (Positive | None, "a finite number above 0, or null"),
        (Annotated[float, Field(le=1)], "a finite number of at most 1"),
        (Annotated[int, Field(ge=1, le=10_000)], "a whole number of at least 1 and at most 10000"),
        (Literal["auto"] | Count, "auto, or a whole number of at least 1"),
        (Literal["epoch", "seed"] | None, "one of epoch, seed, or null"),
        (Sequence[Count], "a list, each item a whole number of at least 1"),
        (Sizes | None, "a list of at least one item, each a whole number of at least 1, or null"),
    ],
)
def test_the_words_of_a_rule(hint: Any, words: str) -> None:
    assert Kind(hint).words == words


@pytest.mark.parametrize(
    ("hint", "value", "said"),
    [
        (Count, 0, "k.x=0: must be a whole number of at least 1"),
        (Count, True, "k.x=true: must be a whole number of at least 1"),
        (
            Count,
            8.0,
            "k.x=8.0: must be a whole number of at least 1; write k.x=8; an interval of whole numbers is",
        ),
        (NonNegative, float("inf"), "k.x=inf: must be a finite number of at least 0"),
        (NonNegative, None, "k.x=null: must be a finite number of at least 0"),
        (NonNegative, "50%", 'k.x="50%": must be a finite number of at least 0; write k.x=0.5'),
        (NonNegative, [0.1, 1], "k.x=[0.1, 1]: must be a finite number of at least 0; several values are compared by"),
        (Literal["a", "b"], "c", "k.x=c: must be one of a, b"),
        (Annotated[int, AfterValidator(even)], 3, "k.x=3: must be even"),
        (str, "x" * 100, None),
        (Literal["a"], "x" * 100, f"k.x={'x' * 30}...: must be a"),
    ],
)
def test_what_a_rule_refuses(hint: Any, value: object, said: str | None) -> None:
    if said is None:
        Kind(hint).check("k.x", value)
        return
    with pytest.raises(UserError) as refused:
        Kind(hint).check("k.x", value)
    assert str(refused.value).startswith(said)


class Mine:
    """A user's own class."""

    def __init__(self, share: Annotated[float, Field(gt=0, le=1)], kind: Literal["a", "b"] = "a") -> None:
        self.given = share, kind


def test_a_users_own_class_is_checked_by_its_annotations() -> None:
    assert made("dropout", Mine, share=1).given == (1, "a")
    with pytest.raises(UserError, match=r"^dropout\.share=0\.0: must be a finite number above 0 and at most 1$"):
        made("dropout", Mine, share=0.0)
    with pytest.raises(UserError, match=r"^dropout\.kind=c: must be one of a, b$"):
        made("dropout", Mine, share=0.5, kind="c")


def test_every_name_has_its_function() -> None:
    assert set(get_args(ActivationName)) == set(ACTIVATIONS)
    assert set(get_args(CellName)) == set(CELLS)
    assert set(get_args(Norm)) == set(NORMS)
