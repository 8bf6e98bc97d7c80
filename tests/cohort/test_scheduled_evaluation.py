"""Evaluation is at the rate that was trained with last, and a test at the rate of the network that is tested."""

import pytest
import torch

from dropout_lab.cohort.lanes import Lanes
from dropout_lab.config.schedule import Late, Linear
from dropout_lab.dropout.classic import Classic
from tests.cohort.runs import recipe, structure

SITES = ("input", "hidden.0", "hidden.1")


def lanes(schedule: Linear | Late, epochs: int = 6) -> Lanes:
    made = Lanes(structure(dropout=dict.fromkeys(SITES, Classic())), 2, torch.device("cpu"))
    made.load(0, recipe(0, rates=dict.fromkeys(SITES, 0.8), schedule=schedule, epochs=epochs))
    return made


def test_what_was_best_is_tested_at_its_own_rate() -> None:
    trained = lanes(Linear(0.0, 1.0))
    for _ in range(3):
        trained.train_epoch()
    trained.keep_best([0])
    before, answers = trained.test()[0][0].item(), trained.predict(sample=1)[0]
    for _ in range(3):
        trained.train_epoch()
    assert trained.test()[0][0].item() == before
    assert torch.equal(trained.predict(sample=1)[0], answers)
    trained.keep_best([0])
    assert trained.test()[0][0].item() != before


def test_an_epoch_is_evaluated_at_the_rate_of_its_last_step() -> None:
    trained, never = lanes(Late(0.5)), lanes(Late(0.5), epochs=100)
    for _ in range(3):  # the first half of one training, and far less of the other: rate 0 in both
        trained.train_epoch()
        never.train_epoch()
    assert trained.evaluate()["val_loss"][0].item() == pytest.approx(never.evaluate()["val_loss"][0].item())


def test_a_rate_that_changes_within_an_epoch_is_that_of_its_last_step() -> None:
    trained = lanes(Late(0.5), epochs=5)  # of three steps each: the eighth of fifteen is the last one at rate 0
    assert trained.batches.steps == 3
    for _ in range(3):
        trained.train_epoch()
    found = trained.evaluate()["val_loss"][0].item()
    losses = []
    for rate in (0.8, 0.0):
        trained.state.rates.fill_(rate)
        losses.append(trained.evaluate()["val_loss"][0].item())
    assert found == losses[0] != losses[1]
