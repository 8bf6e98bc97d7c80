"""The metrics on request beside scikit-learn: on ties, on absent classes, and in lanes as alone."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk
from torch import Tensor

from dropout_lab.cohort.on_request.measuring import FUNCTIONS, chance, from_loss, measure
from dropout_lab.core.metrics.on_request import CLASS, LABELS, NUMBER, ON_REQUEST
from dropout_lab.datasets.split import Split
from tests.cohort.runs import recipe, structure, train

Array = NDArray[Any]

LANES = (2, 5)


def of_classes(seed: int, n: int, classes: int, levels: int) -> tuple[Tensor, Tensor]:
    """Outputs (n, class), which have ties where `levels` is small, and targets (n,), some classes absent."""
    drawn = np.random.default_rng(seed)
    outputs = drawn.integers(-levels, levels + 1, (n, classes)) / 2
    present = drawn.permutation(classes)[: max(2, classes - 1)]
    targets = drawn.choice(present, n)
    targets[:2] = present[:2]
    return torch.tensor(outputs, dtype=torch.float32), torch.tensor(targets)


def probabilities(outputs: Tensor) -> Array:
    found: Array = torch.softmax(outputs.double(), 1).numpy()
    return found


def _one_against_rest(score: Callable[[Array, Array], float]) -> Callable[[Array, Array], float]:
    """The mean over the classes that are neither absent nor everywhere."""

    def found(targets: Array, probs: Array) -> float:
        classes = [one for one in range(probs.shape[1]) if (targets == one).any()]
        # softmax rounds equal logits apart
        return float(np.mean([score(targets == one, np.round(probs[:, one], 12)) for one in classes]))

    return found


def _top(k: int) -> Callable[[Array, Array], float]:
    def found(targets: Array, probs: Array) -> float:
        # Ties go to the lower number, as argmax has it; scikit-learn's go to the higher one.
        untied = np.round(probs, 12) - 1e-9 * np.arange(probs.shape[1])
        return float(sk.top_k_accuracy_score(targets, untied, k=k, labels=range(probs.shape[1])))

    return found


def _on_answers(score: Callable[..., float], **given: Any) -> Callable[[Array, Array], float]:
    return lambda targets, probs: float(score(targets, np.round(probs, 12).argmax(1), **given))


OF_CLASSES: dict[str, Callable[[Array, Array], float]] = {
    "f1_macro": _on_answers(sk.f1_score, average="macro"),
    "f1_weighted": _on_answers(sk.f1_score, average="weighted"),
    "mcc": _on_answers(sk.matthews_corrcoef),
    "auroc": _one_against_rest(sk.roc_auc_score),
    "auprc": _one_against_rest(sk.average_precision_score),
    "top_3_accuracy": _top(3),
    "top_5_accuracy": _top(5),
    "brier": lambda targets, probs: float(
        sk.brier_score_loss(targets, probs, labels=range(probs.shape[1]), scale_by_half=False)
    ),
    "balanced_accuracy": lambda targets, probs: float(
        np.mean([(np.round(probs, 12).argmax(1)[targets == one] == one).mean() for one in np.unique(targets)])
    ),
}
OF_NUMBERS: dict[str, Callable[[Array, Array], float]] = {
    "mae": sk.mean_absolute_error,
    "rmse": sk.root_mean_squared_error,
    "r2": sk.r2_score,
    "pinball_10": lambda y, f: float(sk.mean_pinball_loss(y, f, alpha=0.1)),
    "pinball_90": lambda y, f: float(sk.mean_pinball_loss(y, f, alpha=0.9)),
}


def test_every_declaration_has_its_function_and_every_function_its_reference() -> None:
    measured = {name for name, one in ON_REQUEST.items() if one.of_loss is None}
    assert measured == FUNCTIONS.keys() == OF_CLASSES.keys() | OF_NUMBERS.keys()
    assert {name for name, one in ON_REQUEST.items() if one.tasks & (CLASS | LABELS)} >= OF_CLASSES.keys()


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(6, 60), st.sampled_from([2, 3, 7]), st.sampled_from([1, 3, 16]))
def test_classes_beside_scikit_learn(seed: int, n: int, classes: int, levels: int) -> None:
    outputs, targets = of_classes(seed, n, classes, levels)
    names = [name for name in OF_CLASSES if classes >= ON_REQUEST[name].least_outputs]
    found = measure(names, outputs.unsqueeze(0), targets.unsqueeze(0), "classification")
    for name in names:
        expected = OF_CLASSES[name](targets.numpy(), probabilities(outputs))
        assert float(found[name]) == pytest.approx(expected, abs=2e-6), name


@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1), st.integers(2, 40))
def test_numbers_beside_scikit_learn(seed: int, n: int) -> None:
    outputs, targets = (torch.from_numpy(np.random.default_rng(seed + i).normal(size=n)).float() for i in range(2))
    found = measure([*OF_NUMBERS], outputs.view(1, n, 1), targets.view(1, n), "regression")
    for name, score in OF_NUMBERS.items():
        expected = float(score(targets.double().numpy(), outputs.double().numpy()))
        assert float(found[name]) == pytest.approx(expected, rel=1e-5, abs=1e-6), name


@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1), st.integers(4, 40))
def test_labels_beside_scikit_learn(seed: int, n: int) -> None:
    drawn = np.random.default_rng(seed)
    outputs = torch.from_numpy(drawn.integers(-3, 4, (n, 4)) / 2).float()
    truth = drawn.random((n, 4)) < 0.4
    truth[0], truth[1] = True, False
    found = measure(
        ["f1_macro", "f1_weighted", "auroc", "auprc"],
        outputs.unsqueeze(0),
        torch.from_numpy(truth).float().unsqueeze(0),
        "multilabel",
    )
    answers = (outputs > 0).numpy()
    assert float(found["f1_macro"]) == pytest.approx(sk.f1_score(truth, answers, average="macro"), abs=1e-6)
    assert float(found["f1_weighted"]) == pytest.approx(sk.f1_score(truth, answers, average="weighted"), abs=1e-6)
    assert float(found["auroc"]) == pytest.approx(sk.roc_auc_score(truth, outputs.numpy()), abs=1e-6)
    expected = sk.average_precision_score(truth, outputs.numpy())
    assert float(found["auprc"]) == pytest.approx(expected, abs=1e-6)


def test_published_values() -> None:
    """The example in scikit-learn's documentation of roc_auc_score and average_precision_score."""
    scores, truth = torch.tensor([0.1, 0.4, 0.35, 0.8]), torch.tensor([0, 0, 1, 1])
    outputs = torch.stack([torch.zeros(4), scores], 1).unsqueeze(0)
    found = measure(["auroc", "auprc"], outputs, truth.unsqueeze(0), "classification")
    assert float(found["auroc"]) == 0.75
    assert float(found["auprc"]) == pytest.approx(0.8333333, abs=1e-6)


def test_a_class_that_a_part_lacks_is_left_out_and_one_class_alone_is_undefined() -> None:
    outputs = torch.tensor([[[2.0, 0, 0], [0, 2, 0], [0, 3, 0], [3, 0, 0]]])
    there = torch.tensor([[0, 1, 1, 0]])
    found = {name: float(value) for name, value in measure([*OF_CLASSES], outputs, there, "classification").items()}
    assert found["auroc"] == found["auprc"] == found["f1_macro"] == found["balanced_accuracy"] == 1
    alone = torch.zeros(1, 4, dtype=torch.int64)
    found = {name: float(value) for name, value in measure([*OF_CLASSES], outputs, alone, "classification").items()}
    assert math.isnan(found["auroc"])
    assert math.isnan(found["auprc"])
    assert found["mcc"] == 0
    assert found["balanced_accuracy"] == 0.5
    assert math.isnan(float(measure(["r2"], torch.rand(1, 4, 1), torch.ones(1, 4), "regression")["r2"]))


@pytest.mark.parametrize("width", LANES)
def test_a_lane_is_the_same_beside_others(width: int) -> None:
    """To the bit: sums run over the last, contiguous axis, in double precision."""
    made = [of_classes(seed, 301, 10, 3) for seed in range(width)]
    outputs, targets = (torch.stack(parts) for parts in zip(*made, strict=True))
    for task, names, own in (
        ("classification", [*OF_CLASSES], targets),
        ("regression", [*OF_NUMBERS], outputs.flip(1)),
    ):
        together = measure(names, outputs, own, task)
        for lane in range(width):
            alone = measure(names, outputs[lane : lane + 1], own[lane : lane + 1], task)
            assert all(torch.equal(alone[name][0], together[name][lane]) for name in names)


def test_chance_is_the_answer_that_ignores_the_inputs() -> None:
    train, val = torch.tensor([0] * 3 + [1] * 7), torch.tensor([0, 1, 1, 1])
    nothing = torch.zeros(1)
    split = Split(
        train=torch.arange(10),
        val=torch.arange(4),
        train_targets=train,
        val_targets=val,
        test_targets=val[:2],
        mean=nothing,
        std=nothing,
        known=None,
    )
    found = chance([*OF_CLASSES, "perplexity"], split, "classification", 2)
    assert found["val_accuracy_chance"] == found["val_balanced_accuracy_chance"] + 0.25 == 0.75
    assert found["test_accuracy_chance"] == found["val_auroc_chance"] == 0.5
    assert found["val_auprc_chance"] == 0.5  # the mean of the shares of both classes
    assert found["val_mcc_chance"] == 0
    assert found["val_f1_macro_chance"] == pytest.approx(3 / 7)
    assert found["val_perplexity_chance"] == pytest.approx((8 / 12) ** -0.75 * (4 / 12) ** -0.25)


def test_perplexity_of_an_even_guess_is_the_number_of_classes() -> None:
    assert from_loss(["perplexity", "auroc"], math.log(10)) == {"perplexity": pytest.approx(10)}
    assert ON_REQUEST["mae"].tasks == NUMBER


ASKED = ("f1_macro", "auroc", "brier", "perplexity")


def test_lanes_measure_what_their_networks_answer_in_any_width() -> None:
    """The values of a run: equal in two widths, from the kept predictions on the test set, and at the best epoch."""
    made = structure(metrics=ASKED)
    recipes = [recipe(number, epochs=3, best_by="val_f1_macro") for number in range(5)]
    narrow, wide = (train(made, recipes, width) for width in (2, 5))
    for name, result in narrow.items():
        assert result.curves == wide[name].curves
        assert result.metrics == wide[name].metrics
        curve = [float(value or 0) for value in result.curves["val_f1_macro"]]
        assert result.metrics["best_epoch"] == curve.index(max(curve)) + 1
        assert result.metrics["val_f1_macro"] == max(curve)
        assert result.answers is not None
        probs = probabilities(torch.from_numpy(result.answers.log_probs))
        for metric in ("f1_macro", "auroc", "brier"):
            expected = OF_CLASSES[metric](result.answers.targets, probs)
            assert result.metrics[f"test_{metric}"] == pytest.approx(expected, abs=1e-5), metric
        assert result.metrics["test_perplexity"] == pytest.approx(math.exp(result.metrics["test_loss"]))
        assert 0.09 < result.metrics["test_accuracy_chance"] < 0.12
        assert result.metrics["test_auroc_chance"] == 0.5


def test_what_is_not_asked_for_is_not_measured_and_changes_nothing() -> None:
    recipes = [recipe(number, epochs=2) for number in range(2)]
    plain, more = (train(structure(metrics=asked), recipes, 2) for asked in ((), ASKED))
    for name, result in plain.items():
        assert not [field for field in result.metrics if "auroc" in field]
        assert not [field for field in result.curves if "auroc" in field]
        assert result.metrics.items() <= more[name].metrics.items()
        assert result.curves.items() <= more[name].curves.items()


def test_patience_counts_epochs_without_a_better_value_of_what_chooses_the_epoch() -> None:
    made = structure(metrics=("mcc",))
    result = train(made, [recipe(n, epochs=12, patience=1, best_by="val_mcc") for n in range(2)], 2)["0"]
    curve = [float(value or 0) for value in result.curves["val_mcc"]]
    better = [max(curve[:epoch]) < curve[epoch] for epoch in range(1, len(curve))]
    assert all(better[:-1])
    assert better[-1] is (len(curve) == 12 and better[-1])


def test_a_run_whose_choosing_metric_is_undefined_fails_and_says_so() -> None:
    made = structure(metrics=("auroc",))
    dataset = made.dataset
    ones = torch.where(dataset.targets == dataset.targets[dataset.split(0).val[0]])[0]
    outside = ones[~torch.isin(ones, dataset.test)][:4]
    one_class = replace(made, dataset=replace(dataset, validation=outside))
    result = train(one_class, [recipe(n, epochs=2, best_by="val_auroc") for n in range(2)], 2)["0"]
    assert result.status == "failed"
    assert result.reason == "trainer.best=val_auroc: it is undefined on the validation part at epoch 1"
