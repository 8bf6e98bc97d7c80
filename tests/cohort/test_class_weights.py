"""Weights of classes: torch's weighted cross-entropy, averaged over a batch in training, by weight elsewhere."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.utils.class_weight import compute_class_weight
from torch import nn

from dropout_lab.cohort.optim import SGD
from dropout_lab.cohort.recipe import Recipe, Structure
from dropout_lab.cohort.step import Program, StepInputs
from dropout_lab.core.errors import UserError
from dropout_lab.core.metrics.answers import cross_entropy
from dropout_lab.core.seeding import generator
from dropout_lab.datasets.chance import chance_loss
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.held_out import hold_out_test
from dropout_lab.dropout.standard import Standard
from dropout_lab.models.mlp import MLP
from tests.cohort.runs import outcome, train

FEATURES, BATCH, EPOCHS, NAMES = 5, 16, 2, ("a", "b", "c")
MAPPING = {"a": 1, "b": 2.5, "c": 20}


def examples(**rules: Any) -> Dataset:
    drawn = np.random.default_rng(0)
    y = torch.from_numpy(np.repeat([0, 1, 2], [140, 50, 10])[drawn.permutation(200)])
    x = torch.from_numpy(drawn.normal(0, 1, (200, FEATURES))).float() + y[:, None] * torch.tensor([1.0, -1, 0, 0, 0.5])
    test = hold_out_test(y, "classification", 0.2)
    return Dataset("made", "classification", x, y, test, 3, "feature", class_names=NAMES, **rules)


def network() -> nn.Module:
    return MLP(input_shape=(FEATURES,), outputs=3, hidden=[8])


def structure(**changes: Any) -> Structure:
    sites = dict.fromkeys(("input", "hidden.0"), Standard())
    made: dict[str, Any] = {"dataset": examples(class_weight="balanced"), "dropout": sites, **changes}
    return Structure(build=network, batch_size=BATCH, optimizer=SGD(lr=0.1), **made)


def run(number: int, **changes: Any) -> Recipe:
    given: dict[str, Any] = {"rates": {}, "schedule": lambda progress: 1.0, "patience": None, **changes}
    return Recipe(id=str(number), seed=number, optimizer=SGD(lr=0.1 * (1 + number)), epochs=EPOCHS, **given)


def test_balanced_weights_are_scikit_learns_and_given_ones_have_a_mean_of_1() -> None:
    for rules in ({}, {"limit": 60}, {"label_noise": 0.3}):
        split = examples(class_weight="balanced", **rules).split(1)
        assert split.class_weights is not None
        labels = split.train_targets.numpy()
        theirs = compute_class_weight("balanced", classes=np.arange(3), y=labels)
        np.testing.assert_allclose(split.class_weights, theirs, rtol=1e-6)
        given = examples(class_weight=MAPPING, **rules).split(1)
        assert given.class_weights is not None
        assert given.class_weights[given.train_targets].mean().item() == pytest.approx(1)
        np.testing.assert_allclose(given.class_weights / given.class_weights[0], [1, 2.5, 20], rtol=1e-6)
    assert examples().split(1).class_weights is None


@pytest.mark.parametrize("given", ["balanced", MAPPING])
@pytest.mark.parametrize("engine", ["lanes", "loop"])
def test_training_is_a_plain_loop_with_torchs_weighted_loss(given: Any, engine: Any) -> None:
    made = structure(dataset=examples(class_weight=given), engine=engine, mc_samples=2)
    recipes = [run(number) for number in range(2)]
    for number, result in train(made, recipes, 2).items():
        recipe, split = recipes[int(number)], made.dataset.split(int(number))
        torch.manual_seed(int(generator(recipe.seed, "init").integers(2**63)))
        model = network()
        optimizer = torch.optim.SGD(model.parameters(), lr=recipe.optimizer.numbers()["lr"])
        weight = split.class_weights
        summed = nn.CrossEntropyLoss(weight=weight, reduction="sum")
        x = (made.dataset.inputs - split.mean) / split.std
        for epoch in range(EPOCHS):
            order = torch.from_numpy(generator(recipe.seed, "order", epoch).permutation(len(split.train)))
            for batch in (one for one in order.split(BATCH) if len(one) == BATCH):
                optimizer.zero_grad()
                (summed(model(x[split.train[batch]]), split.train_targets[batch]) / BATCH).backward()
                optimizer.step()
        mean = nn.CrossEntropyLoss(weight=weight)  # the weighted mean: over the sum of the weights
        with torch.no_grad():
            val, test = mean(model(x[split.val]), split.val_targets), model(x[made.dataset.test])
            hits = (test.argmax(1) == split.test_targets).float().mean()
        assert result.curves["val_loss"][-1] == pytest.approx(val.item(), rel=1e-4)
        assert result.metrics["best_epoch"] == EPOCHS
        assert result.test_loss == pytest.approx(mean(test, split.test_targets).item(), rel=1e-4)
        assert result.test_accuracy == pytest.approx(hits.item()), "answers are counted, not weighed"
        answers = result.answers
        assert answers is not None
        kept = cross_entropy(answers.probs, answers.targets, answers.weights)
        assert kept == pytest.approx(result.test_loss, rel=1e-4)
        assert result.metrics["test_loss_mc"] == pytest.approx(result.test_loss, rel=1e-4), "nothing drops"


def test_smoothed_and_mixed_labels_have_torchs_weights() -> None:
    program = Program(structure(dropout={}, options=frozenset({"label_smoothing", "mixup"})))
    torch.manual_seed(0)
    model, x, y = network(), torch.randn(BATCH, FEATURES), torch.arange(BATCH) % 3
    weight = torch.tensor([0.5, 2.0, 7.0])
    params = program.layout.flatten(dict(model.named_parameters())).detach()
    hyper = {"label_smoothing": torch.tensor(0.2), "mixup": torch.tensor(0.4), "class_weights": weight}
    keys, rates = torch.zeros(len(program.streams), 2, dtype=torch.int32), torch.zeros(len(program.sites))
    loss, _ = program.loss(params, {}, hyper, StepInputs(rates, torch.zeros(()), torch.tensor(0.7), keys, x, y))
    output = model(0.7 * x + 0.3 * x.roll(1, 0))
    one, other = (
        F.cross_entropy(output, targets, weight=weight, label_smoothing=0.2, reduction="none").mean()
        for targets in (y, y.roll(1, 0))
    )
    torch.testing.assert_close(loss, (0.7 * one + 0.3 * other).detach())


def test_a_lane_of_four_is_the_lane_of_two_and_equal_weights_are_none() -> None:
    made = structure()
    recipes = [run(number, rates={"input": 0.1 * number, "hidden.0": 0.1}) for number in range(4)]
    four, two = train(made, recipes, 4), train(made, recipes[:1:-1], 2)
    assert all(outcome(result) == outcome(four[name]) for name, result in two.items())
    alike = replace(made, dataset=examples(class_weight=dict.fromkeys(NAMES, 3)))
    plain = train(replace(made, dataset=examples()), recipes[:2], 2)
    for name, result in train(alike, recipes[:2], 2).items():
        assert result.curves["val_loss"] == pytest.approx(plain[name].curves["val_loss"], rel=1e-5)
        assert result.metrics["chance_loss"] == pytest.approx(plain[name].metrics["chance_loss"])


def test_the_chance_level_is_that_of_the_best_constant_answer_to_the_weighted_loss() -> None:
    split = examples(class_weight="balanced", val_fraction=0.4).split(0)
    assert chance_loss(split, "classification", 3) == pytest.approx(np.log(3), rel=0.02), "all classes count alike"
    counts = torch.bincount(split.train_targets, minlength=3) + 1.0
    assert split.class_weights is not None
    answer = (counts * split.class_weights).log().expand(len(split.val_targets), 3)
    expected = F.cross_entropy(answer, split.val_targets, weight=split.class_weights).item()
    assert chance_loss(split, "classification", 3) == pytest.approx(expected, rel=1e-5)
    # A network that always gives the commonest class has learned nothing, though its unweighted loss is low.
    sure = torch.tensor([0.7, 0.25, 0.05]).log().expand(len(split.val_targets), 3)
    loss = F.cross_entropy(sure, split.val_targets, weight=split.class_weights)
    assert loss > chance_loss(split, "classification", 3) > F.cross_entropy(sure, split.val_targets)


def test_the_classes_of_a_phase_keep_their_weights() -> None:
    part = examples(class_weight=MAPPING).of_classes([2, 0])
    assert part.class_weight == {"c": 20, "a": 1}
    weights = part.split(0).class_weights
    assert weights is not None
    assert (weights[0] / weights[1]).item() == pytest.approx(20)


@pytest.mark.parametrize(
    ("given", "rules", "message"),
    [
        ({"a": 1, "b": 1}, {}, "has no weight for c; must have one for each class"),
        ({**MAPPING, "d": 1}, {}, "there is no class d; must name a, b, c"),
        ("balanced", {"limit": 5}, "class c has no example to train on, so its weight would be infinite"),
    ],
)
def test_weights_of_other_classes_are_refused(given: Any, rules: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        examples(class_weight=given, **rules).split(0)


def test_numbers_have_no_weights() -> None:
    numbers = torch.randn(40)
    with pytest.raises(UserError, match="has no one class for each example"):
        Dataset("n", "regression", torch.randn(40, 2), numbers, torch.arange(8), 1, "feature", class_weight="balanced")
