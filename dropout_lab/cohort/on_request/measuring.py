"""The metrics on request of the predictions on a part, and of an answer that ignores the inputs."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from dropout_lab.cohort.on_request import counts, errors, ranking
from dropout_lab.cohort.on_request.predictions import Predictions
from dropout_lab.cohort.recipe import Structure
from dropout_lab.core.metrics.on_request import CHANCE, ON_REQUEST
from dropout_lab.core.tokens import NO_CLASS
from dropout_lab.datasets.chance import chance_loss
from dropout_lab.datasets.split import Split, Task

FUNCTIONS: Mapping[str, Callable[[Predictions], Tensor]] = {
    "f1_macro": counts.f1_macro,
    "f1_weighted": counts.f1_weighted,
    "balanced_accuracy": counts.balanced_accuracy,
    "auroc": ranking.auroc,
    "auprc": ranking.auprc,
    "mcc": counts.mcc,
    "top_3_accuracy": partial(counts.top_k_accuracy, k=3),
    "top_5_accuracy": partial(counts.top_k_accuracy, k=5),
    "brier": errors.brier,
    "mae": errors.mae,
    "rmse": errors.rmse,
    "r2": errors.r2,
    "pinball_10": partial(errors.pinball, quantile=0.1),
    "pinball_90": partial(errors.pinball, quantile=0.9),
}
"""Name -> function. What is not here is computed from the loss, see `OnRequest.of_loss`."""


def needs_predictions(names: Collection[str]) -> bool:
    """Whether any of these metrics is measured on predictions."""
    return any(name in FUNCTIONS for name in names)


def measure(names: Collection[str], outputs: Tensor, targets: Tensor, task: str) -> Mapping[str, Tensor]:
    """Those of `names` that are measured on predictions: name -> (lane,) float32; NaN where one is undefined.

    outputs: (lane, n, output), logits or standardised numbers; targets: (lane, n, ...).
    """
    predictions = Predictions.of(outputs, targets, task)
    return {name: FUNCTIONS[name](predictions).float() for name in names if name in FUNCTIONS}


def from_loss(names: Collection[str], loss: float) -> Mapping[str, float]:
    """Those of `names` that are computed from the mean loss."""
    return {name: of(loss) for name in names if (of := ON_REQUEST[name].of_loss) is not None}


def at_end(structure: Structure, split: Split, found: Mapping[str, float]) -> Mapping[str, float]:
    """The values on the test set, and of the answer that ignores the inputs, see `Ended.on_request`.

    found: the test loss, and the metrics on request that were measured on the test set, by field.
    """
    names, dataset = structure.metrics, structure.dataset
    return {
        **{field: value for field, value in found.items() if field != "test_loss"},
        **{f"test_{name}": value for name, value in from_loss(names, found["test_loss"]).items()},
        **chance(names, split, dataset.task, dataset.outputs),
    }


def chance(names: Collection[str], split: Split, task: Task, outputs: int) -> Mapping[str, float]:
    """`<part>_<name>_chance` of an answer that ignores the inputs, and of accuracy where the task has it.

    The answer is always the frequencies of the training part's targets, each class counted once more than it occurs, or
    their mean; in accuracy it is the most frequent class.
    """
    found: dict[str, float] = {}
    for part, targets in (("val", split.val_targets), ("test", split.test_targets)):
        if task in ("classification", "token_classification"):
            found[f"{part}_accuracy"] = _majority(split.train_targets, targets)
        answer = _constant(split.train_targets, task, outputs)
        if answer is not None and needs_predictions(names):
            stacked = answer.expand(1, len(targets), len(answer))
            measured = measure(names, stacked, targets.unsqueeze(0), task)
            found |= {f"{part}_{name}": float(value) for name, value in measured.items()}
        of_loss = from_loss(names, chance_loss(replace(split, val_targets=targets), task, outputs)) if names else {}
        found |= {f"{part}_{name}": value for name, value in of_loss.items()}
    return {f"{field}{CHANCE}": value for field, value in found.items()}


def _constant(targets: Tensor, task: str, outputs: int) -> Tensor | None:
    """The outputs, (output,), of a network that ignores its inputs; None where predictions are not measured."""
    if task == "classification":
        return (torch.bincount(targets, minlength=outputs).double() + 1).log()
    if task == "token_classification":
        return None
    means = targets.double().view(len(targets), -1).mean(0)
    return means.logit(1e-6) if task == "multilabel" else means


def _majority(train: Tensor, targets: Tensor) -> float:
    """The accuracy of always answering the most frequent class; in sequences a mean of shares of positions."""
    most = torch.bincount(train[train != NO_CLASS]).argmax()
    asked = targets.view(len(targets), -1)
    right = (asked == most).sum(1).double() / (asked != NO_CLASS).sum(1)
    return float(right.mean())
