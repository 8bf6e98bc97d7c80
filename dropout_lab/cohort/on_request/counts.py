"""Metrics that are counts of right and wrong answers: F1, balanced accuracy, Matthews correlation, top-k accuracy.

Counts are whole numbers, which sums in double precision hold exactly.
"""

import torch
from torch import Tensor

from dropout_lab.cohort.on_request.predictions import Predictions, mean_where


def f1_macro(predictions: Predictions) -> Tensor:
    """F1 = 2 TP / (2 TP + FP + FN), mean over the classes that occur in targets or answers: (lane,).

    van Rijsbergen, Information Retrieval (1979), chapter 7; as scikit-learn's `f1_score(average="macro")`, which
    counts a label that neither targets nor answers have as 0 where there are several labels.
    """
    f1, counted = _f1(predictions)
    return mean_where(f1, counted > 0)


def f1_weighted(predictions: Predictions) -> Tensor:
    """F1 of each class weighted by its share of the targets: (lane,). NaN without any target."""
    f1, _ = _f1(predictions)
    support = predictions.truth.sum(-1)
    return (f1 * support).sum(-1) / support.sum(-1)


def _f1(predictions: Predictions) -> tuple[Tensor, Tensor]:
    """F1 of each class, 0 for one that does not occur, and how often it is a target or an answer: (lane, class)."""
    right = (predictions.truth * predictions.answered).sum(-1)
    counted = predictions.truth.sum(-1) + predictions.answered.sum(-1)
    return 2 * right / counted.clamp(min=1), counted


def balanced_accuracy(predictions: Predictions) -> Tensor:
    """Recall, mean over the classes that occur in the targets: (lane,).

    Brodersen, Ong, Stephan and Buhmann, "The Balanced Accuracy and Its Posterior Distribution", ICPR 2010.
    """
    support = predictions.truth.sum(-1)
    right = (predictions.truth * predictions.answered).sum(-1)
    return mean_where(right / support.clamp(min=1), support > 0)


def mcc(predictions: Predictions) -> Tensor:
    """Matthews correlation of answers and targets, over all classes: (lane,). 0 where one of them has no variance.

    Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient", 2004, equation 8.
    """
    truth, answered = predictions.truth.sum(-1), predictions.answered.sum(-1)
    n = float(predictions.truth.shape[-1])
    right = (predictions.truth * predictions.answered).sum((-1, -2))
    both = n * right - (truth * answered).sum(-1)
    spread = (n * n - (truth * truth).sum(-1)) * (n * n - (answered * answered).sum(-1))
    return torch.where(spread > 0, both / spread.clamp(min=1).sqrt(), 0.0)


def top_k_accuracy(predictions: Predictions, k: int) -> Tensor:
    """Share of examples whose class is among the k most probable; of equal ones, those of lower number: (lane,)."""
    outputs, targets = predictions.outputs, predictions.targets.unsqueeze(1)
    own = outputs.gather(1, targets)
    number = torch.arange(outputs.shape[1], device=outputs.device).view(1, -1, 1)
    before = (outputs > own) | ((outputs == own) & (number < targets))
    return (before.sum(1) < k).double().mean(-1)
