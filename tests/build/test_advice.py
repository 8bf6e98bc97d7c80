"""Advice names the keys that a model has, and no others."""

import pytest
from torch import nn

from dropout_lab.build.acting_sites import place
from dropout_lab.build.description import describe
from dropout_lab.core.errors import UserError
from tests.test_every_config import BUILDER, composed

CHOICES = {"placement": "p", "dropout": "standard", "schedule": "constant", "loss": "l"}


class Normed(nn.Sequential):
    """A dropout before a batch norm, and one before a product and a batch norm."""

    def __init__(self) -> None:
        parts = nn.Dropout(0.2), nn.BatchNorm1d(64), nn.Dropout(0.3), nn.Linear(64, 10), nn.BatchNorm1d(10)
        super().__init__(nn.Flatten(), *parts)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["model.norm=batch", "model.norm_order=after"], {"take model.norm_order=before, or model.norm=layer"}),
        (["model.norm=batch"], {"or take model.norm=layer"}),
        (
            ["model=own", f"model._target_={__name__}.Normed"],
            {"put a norm without the batch in its place, such as nn.LayerNorm or nn.GroupNorm"},
        ),
    ],
)
def test_of_a_batch_norm(words: list[str], said: set[str]) -> None:
    config = composed(*words, "placement=everywhere", "rate=0.3")
    advice = [one.advice for one in place(BUILDER, config, CHOICES).warnings]
    variance = [text for text in advice if "variance shift" in text]
    assert variance
    assert all(any(words in text for text in variance) for words in said)
    assert words[0] != "model=own" or not any("model." in text for text in advice)


def test_of_a_batch_norm_of_one_value() -> None:
    words = ["model=own", f"model._target_={__name__}.Normed", "placement=everywhere", "trainer.batch_size=1"]
    with pytest.raises(UserError, match=r"or a model without batch norm, say with nn\.LayerNorm or nn\.GroupNorm"):
        describe(BUILDER, composed(*words), CHOICES)
