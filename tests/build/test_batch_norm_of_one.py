"""A batch norm of one value makes 0 of it: such a training is refused before it begins."""

import pytest
import torch
from torch import nn

from dropout_lab.build.description import describe
from dropout_lab.core.errors import UserError
from dropout_lab.models.normalised import fewest_values
from tests.test_every_config import BUILDER, composed

CHOICES = {"placement": "hidden", "dropout": "standard", "schedule": "constant", "loss": "plain"}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["model.norm=batch", "trainer.batch_size=1"], "batch of 1, and"),
        (["model.norm=batch", "dataset.limit=1"], "batch of 1 \\(the training part has 1, and no batch has more\\)"),
        # Pooled twice, a map of 4 x 4 is one value a channel.
        (["model=cnn", "model.norm=batch", "model.hidden=[8]", "trainer.batch_size=1", "placement=none"], "batch of 1"),
        (
            ["model.norm=batch", "trainer.batch_size=1", "trainer.pretrain_epochs=1", "trainer.pretrain_classes=[0,1]"],
            "batch of 1",
        ),
    ],
)
def test_one_value_of_a_channel_is_refused(words: list[str], why: str) -> None:
    with pytest.raises(
        UserError, match=f"trainer.batch_size=.*: a batch norm would see one value of a channel in a {why}"
    ):
        describe(BUILDER, composed(*words), CHOICES)


@pytest.mark.parametrize(
    "words",
    [
        ["model.norm=batch", "trainer.batch_size=2"],
        ["model.norm=layer", "trainer.batch_size=1"],
        ["trainer.batch_size=1"],
        # Of every channel there are the values of a map.
        ["model=cnn", "model.norm=batch", "model.hidden=[]", "trainer.batch_size=1", "placement=none"],
    ],
)
def test_more_are_not(words: list[str]) -> None:
    describe(BUILDER, composed(*words), CHOICES)


def test_the_fewest_values_are_those_of_any_batch_norm() -> None:
    model = nn.Sequential(nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 5), nn.BatchNorm1d(5)).eval()
    assert fewest_values(model, torch.zeros(1, 3, 2, 2)) == 1
    assert fewest_values(model[:1], torch.zeros(1, 3, 2, 2)) == 4
    assert fewest_values(model[1:3], torch.zeros(1, 3, 2, 2)) is None


class Named(nn.Module):
    """Names what it gives."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.norm(input=x)
        return y


def test_a_batch_norm_may_be_given_its_values_by_name() -> None:
    assert fewest_values(Named().eval(), torch.zeros(1, 3, 2, 2)) == 4
