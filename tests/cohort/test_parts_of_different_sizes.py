"""Seeds whose validation parts differ in size, as folds of groups do, are measured each on its own part."""

from typing import Any

import pytest
import torch

from dropout_lab.cohort import parts
from dropout_lab.cohort.recipe import Structure
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.models.mlp import MLP
from tests.cohort.plain import Plain
from tests.cohort.runs import outcome, recipe, structure, train

SIZES = (31, 7, 12, 3, 22, 9, 16, 5, 11, 4)


def uneven(**changes: Any) -> Structure:
    """Three folds of ten groups; the test set is a group of its own."""
    groups = torch.cat([torch.full((size,), number) for number, size in enumerate((*SIZES, 30))])
    x = torch.randn(len(groups), 5, generator=torch.Generator().manual_seed(0))
    test = torch.arange(sum(SIZES), len(groups))
    data = Dataset("uneven", "classification", x, (x[:, 0] > 0).long(), test, 2, "feature", groups=groups, folds=3)
    return structure(
        build=lambda: MLP(input_shape=(5,), outputs=2, hidden=[8]), dataset=data, batch_size=16, dropout={}, **changes
    )


RECIPES = [recipe(number, seed=number, rates={}, epochs=2) for number in range(6)]


@pytest.mark.parametrize("rows", [1024, 16])
def test_each_run_is_measured_on_its_own_part(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "EVALUATION_ROWS", rows)
    made = uneven()
    splits = [made.split(number) for number in range(6)]
    assert len({len(split.val) for split in splits}) > 3
    assert len({len(split.train) for split in splits}) == 1
    found = train(made, RECIPES, 3)
    for run in RECIPES:
        plain = Plain(made, run)
        for epoch in range(2):
            loss = plain.epoch(epoch)
            assert found[run.id].curves["val_loss"][epoch] == pytest.approx(loss, rel=1e-4)
        with torch.no_grad():
            split, model = plain.split, plain.model.eval()
            right = (plain.answer(model, split.val).argmax(1) == split.val_targets).double().mean()
            some = split.train[: len(split.val)]
            train_loss = torch.nn.functional.cross_entropy(plain.answer(model, some), split.train_targets[: len(some)])
        assert found[run.id].curves["val_accuracy"][-1] == pytest.approx(right.item(), abs=1e-6)
        assert found[run.id].curves["train_loss"][-1] == pytest.approx(train_loss.item(), rel=1e-4)


def test_a_lane_is_refilled_with_a_part_of_another_size() -> None:
    made = uneven()
    wide = train(made, RECIPES, 6)
    assert all(outcome(wide[run]) == outcome(result) for run, result in train(made, RECIPES[::-1], 2).items())


def test_the_gap_may_be_measured_on_a_given_number() -> None:
    given = train(uneven(gap_examples=20), RECIPES[:2], 2)
    own = train(uneven(), RECIPES[:2], 2)
    for run in ("0", "1"):
        assert given[run].curves["val_loss"] == own[run].curves["val_loss"]
        assert given[run].curves["train_loss"] != own[run].curves["train_loss"]
