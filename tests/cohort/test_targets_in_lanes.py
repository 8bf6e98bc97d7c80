"""Several outputs and several labels are trained as in the plain loop that is written out here, with either engine."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dropout_lab.adoption.adopt import adopt
from dropout_lab.cohort.auxiliary_losses import divergence
from dropout_lab.cohort.example_losses import correct, losses
from dropout_lab.cohort.loss import MultiSample
from dropout_lab.cohort.optim import SGD
from dropout_lab.cohort.recipe import Recipe, Structure
from dropout_lab.cohort.step import Program, StepInputs
from dropout_lab.core.seeding import generator
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.dropout.standard import Standard
from dropout_lab.models.mlp import MLP
from tests.cohort.runs import outcome, train

FEATURES, OUTPUTS, BATCH, EPOCHS = 5, 3, 16, 2


def examples(task: Any, **rules: Any) -> Dataset:
    drawn = np.random.default_rng(0)
    inputs = drawn.normal(3, 2, (150, FEATURES))
    signal = inputs @ drawn.normal(0, 1, (FEATURES, OUTPUTS)) + drawn.normal(0, 1, (150, OUTPUTS))
    targets = signal * [1, 10, 100] if task == "regression" else signal > [0, 2, 4]
    x, y = (torch.from_numpy(values.astype(np.float32)) for values in (inputs, targets))
    return Dataset("made", task, x, y, torch.arange(120, 150), OUTPUTS, "feature", **rules)


DATA: Mapping[str, Dataset] = {task: examples(task) for task in ("regression", "multilabel")}
LOSSES: Mapping[str, Callable[..., nn.Module]] = {"regression": nn.MSELoss, "multilabel": nn.BCEWithLogitsLoss}


def network() -> nn.Module:
    return MLP(input_shape=(FEATURES,), outputs=OUTPUTS, hidden=[8])


def adopted(task: str) -> nn.Module:
    layers = nn.Linear(FEATURES, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, OUTPUTS)
    return adopt(nn.Sequential(*layers), DATA[task].example(), ())


def structure(task: str, **changes: Any) -> Structure:
    made: dict[str, Any] = {"build": network, "dropout": dict.fromkeys(("input", "hidden.0"), Standard())}
    return Structure(**{"dataset": DATA[task], "batch_size": BATCH, "optimizer": SGD(lr=0.1), **made, **changes})


def run(number: int, rate: float = 0.0, **changes: Any) -> Recipe:
    rates = {"input": rate, "hidden.0": rate}
    given: dict[str, Any] = {"schedule": lambda progress: 1.0, "patience": None, "optimizer": SGD(lr=0.1), **changes}
    return Recipe(id=str(number), seed=number, rates=rates, epochs=EPOCHS, **given)


class Alone:
    """A run without dropout, as its user would write it."""

    def __init__(self, made: Structure, recipe: Recipe) -> None:
        torch.manual_seed(int(generator(recipe.seed, "init").integers(2**63)))
        self.data, self.model, self.split = made.dataset, made.build().train(), made.dataset.split(recipe.seed)
        train = self.data.inputs[self.split.train]
        self.mean, self.std = train.mean(0), train.std(0, correction=0)
        self.criterion = LOSSES[self.data.task]()
        optimizer = torch.optim.SGD(self.model.parameters(), lr=recipe.optimizer.numbers()["lr"])
        for epoch in range(EPOCHS):
            order = torch.from_numpy(generator(recipe.seed, "order", epoch).permutation(len(train)))
            for batch in order.split(BATCH):
                if len(batch) == BATCH:
                    optimizer.zero_grad()
                    self.criterion(self.model(self.read(train[batch])), self.split.train_targets[batch]).backward()
                    optimizer.step()

    def read(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std

    @torch.no_grad()
    def measured(self, rows: Tensor, targets: Tensor) -> tuple[float, float]:
        """The loss, and the share of right labels."""
        output = self.model.eval()(self.read(self.data.inputs[rows]))
        right = (output.sigmoid() > 0.5) == targets.bool()
        return self.criterion(output, targets).item(), right.float().mean().item()


@pytest.mark.parametrize("task", DATA)
@pytest.mark.parametrize("way", ["lanes", "loop", "adopted"])
def test_training_is_a_plain_loop_with_torchs_loss(task: str, way: str) -> None:
    changes: dict[str, Any] = {"engine": "loop"} if way == "loop" else {}
    made = structure(task, **changes)
    if way == "adopted":
        made = structure(task, build=lambda: adopted(task), dropout={})
    lr = 0.1 if task == "regression" else 1.0
    recipes = [run(number, optimizer=SGD(lr=lr * (1 + number))) for number in range(3)]
    for number, result in train(made, recipes, 3).items():
        alone = Alone(made, recipes[int(number)])
        val, test = (alone.split.val, alone.split.val_targets), (alone.data.test, alone.split.test_targets)
        loss, accuracy = alone.measured(*val)
        assert result.curves["val_loss"][-1] == pytest.approx(loss, rel=1e-4)
        assert result.answers is None, "calibration and ensembles are of one class for each example"
        if result.metrics["best_epoch"] == EPOCHS:
            assert result.test_loss == pytest.approx(alone.measured(*test)[0], rel=1e-4)
        if task == "multilabel":
            assert result.curves["val_accuracy"][-1] == pytest.approx(accuracy)
        else:
            assert result.test_accuracy is None
            assert result.curves["val_accuracy"][-1] is None
        assert result.metrics["learned"], "the targets depend on the inputs"


@pytest.mark.parametrize("task", DATA)
@pytest.mark.parametrize("option", ["", "mixup", "multi_sample"])
def test_a_lane_of_four_is_the_lane_of_two(task: str, option: str) -> None:
    changes: dict[str, Any] = {"loss": MultiSample(2)} if option == "multi_sample" else {}
    options: dict[str, Any] = {"options": {"mixup": 0.4}} if option == "mixup" else {}
    made = structure(task, options=frozenset({"mixup"} if option == "mixup" else ()), **changes)
    recipes = [run(number, 0.1 * number, **options) for number in range(4)]
    four, two = train(made, recipes, 4), train(made, recipes[:1:-1], 2)
    assert all(outcome(result) == outcome(four[name]) for name, result in two.items())


def test_a_mixed_example_has_the_losses_of_both_targets() -> None:
    made = structure("multilabel", dropout={}, options=frozenset({"mixup"}))
    program = Program(made)
    torch.manual_seed(0)
    model = network()
    params = program.layout.flatten(dict(model.named_parameters())).detach()
    split = made.dataset.split(0)
    x, y = torch.randn(BATCH, FEATURES), split.train_targets[:BATCH]
    keys = torch.zeros(len(program.streams), 2, dtype=torch.int32)
    rates = torch.zeros(len(program.sites))
    hyper = {"mixup": torch.tensor(0.4)}
    loss, _ = program.loss(params, {}, hyper, StepInputs(rates, torch.zeros(()), torch.tensor(0.7), keys, x, y))
    output = model(0.7 * x + 0.3 * x.roll(1, 0))
    criterion = nn.BCEWithLogitsLoss()
    torch.testing.assert_close(loss, (0.7 * criterion(output, y) + 0.3 * criterion(output, y.roll(1, 0))).detach())


def test_the_distance_of_two_answers_about_labels_is_that_of_bernoullis() -> None:
    p, q = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0))
    bernoulli = torch.distributions.Bernoulli
    expected = torch.distributions.kl_divergence(bernoulli(logits=p), bernoulli(logits=q)).mean()
    torch.testing.assert_close(divergence(p, q, torch.zeros(6, 3), "multilabel"), expected)


def test_one_label_may_be_answered_without_an_axis_of_its_own() -> None:
    output, y = torch.tensor([0.3, -2.0]), torch.tensor([[1.0], [1.0]])
    expected = nn.functional.binary_cross_entropy_with_logits(output, y[:, 0], reduction="none")
    torch.testing.assert_close(losses(output, y, "multilabel"), expected)
    assert correct(output[:, None], y, "multilabel").tolist() == [1, 0]
