"""The chance level is the loss of a network whose only weights are the biases of its output."""

import math

import numpy as np
import pytest
import torch

from dropout_lab.cohort.example_losses import losses
from dropout_lab.core.metrics import curves
from dropout_lab.core.metrics.metric import Ended
from dropout_lab.core.metrics.summary import summary
from dropout_lab.core.tokens import NO_CLASS
from dropout_lab.datasets.chance import chance_loss
from dropout_lab.datasets.split import Split, Task


def split(train: torch.Tensor, val: torch.Tensor) -> Split:
    nothing = torch.zeros(0, dtype=torch.int64)
    return Split(nothing, nothing, train, val, val, torch.zeros(1), torch.ones(1))


@pytest.mark.parametrize("task", ["classification", "token_classification"])
def test_classes_are_answered_with_their_frequencies(task: Task) -> None:
    shape = (40,) if task == "classification" else (40, 3)
    drawn = torch.Generator().manual_seed(0)
    train, val = (torch.randint(0, 4, shape, generator=drawn) for _ in range(2))
    if task == "token_classification":
        train[:, 0], val[3:, 2] = NO_CLASS, NO_CLASS
    counts = torch.tensor([(train == one).sum() + 1.0 for one in range(5)])  # the fifth is never seen
    output = counts.log().expand(*shape, 5)
    assert chance_loss(split(train, val), task, 5) == pytest.approx(losses(output, val, task).mean().item(), rel=1e-5)


def test_numbers_are_answered_with_their_mean() -> None:
    train, val = torch.tensor([1.0, 3.0]), torch.tensor([2.0, 4.0, 6.0])
    assert chance_loss(split(train, val), "regression", 1) == pytest.approx(20 / 3)


def test_learned_and_diverged() -> None:
    def curve(*values: float) -> curves.Curve:
        return np.array(values)

    assert curves.learned(curve(2.0, 0.9, 5.0), chance=1.0)
    assert not curves.learned(curve(2.0, 0.995), chance=1.0)
    assert curves.diverged(curve(1e10, 1e21), chance=1.0), "the first epoch is lost already"
    assert curves.diverged(curve(0.5, 0.4, 500.0), chance=1.0)
    assert not curves.diverged(curve(0.1, 500.0, 0.2), chance=1.0), "it recovered"
    assert curves.diverged(curve(2.3, 0.01, 200.0), chance=2.3), "by orders of magnitude above its own lowest"
    assert curves.diverged(curve(0.01, 2.3), chance=2.3)
    assert not curves.diverged(curve(2.3, 1e-4, 0.5), chance=2.3), "better than chance"
    assert curves.diverged(curve(0.5, np.inf), chance=1.0)
    assert not curves.diverged(curve(1e6, 500.0, 0.6), chance=1.0), "a bad beginning"
    assert not curves.diverged(curve(0.5, 0.4, 20.0), chance=1.0)
    found = summary(Ended({name: [1.0] for name in ("train_loss", "val_loss", "train_accuracy", "val_accuracy")}, 1))
    assert (found["learned"], found["diverged"], found["chance_loss"]) == (None, None, None)


def test_probabilities_that_are_too_small_to_keep_are_zero(tmp_path: object) -> None:
    from pathlib import Path

    from dropout_lab.records import predictions

    folder = Path(str(tmp_path))
    with np.errstate(all="raise"):
        predictions.write(folder, "a", np.array([[0.0, -1e20]], dtype=np.float32), np.array([0]))
    found = predictions.read(folder, "a")
    assert found is not None
    assert found[0].tolist() == [[1.0, 0.0]]
    assert math.isfinite(found[0].sum())
