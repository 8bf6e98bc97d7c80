"""Metrics of the order in which scores put the examples: areas under the ROC and the precision-recall curve."""

import torch
from torch import Tensor

from dropout_lab.cohort.on_request.predictions import Predictions, mean_where


def auroc(predictions: Predictions) -> Tensor:
    """Area under the ROC curve, each class against the rest: the mean over classes.

    The probability that an example of the class has the greater score than one of the rest, ties counting half: the
    Mann-Whitney statistic over the number of pairs. Hanley and McNeil, Radiology 143 (1982). A class that no example or
    every example has is left out. (lane,); NaN where no class is left.
    """
    scores, truth = _one_against_rest(predictions)
    ordered, order = scores.sort(-1)
    first, last = _ties(ordered)
    own = truth.gather(-1, order)
    positives = own.sum(-1)
    negatives = own.shape[-1] - positives
    ranks = (own * (first + last + 2).double() / 2).sum(-1)  # halves of whole numbers: sums are exact
    pairs = positives * negatives
    above = ranks - positives * (positives + 1) / 2
    return mean_where(above / pairs.clamp(min=1), pairs > 0)


def auprc(predictions: Predictions) -> Tensor:
    """Average precision, each class against the rest: the mean over classes.

    The mean over the examples of the class of the precision at their score, that of tied ones together; as
    scikit-learn's `average_precision_score`. A class that no example or every example has is left out. (lane,); NaN
    where no class is left.
    """
    scores, truth = _one_against_rest(predictions)
    ordered, order = scores.sort(-1, descending=True)
    _, last = _ties(ordered)
    own = truth.gather(-1, order)
    positives = own.sum(-1)
    precision = (own.cumsum(-1) / torch.arange(1, own.shape[-1] + 1, device=own.device)).gather(-1, last)
    defined = (positives > 0) & (positives < own.shape[-1])
    return mean_where((own * precision).sum(-1) / positives.clamp(min=1), defined)


def _one_against_rest(predictions: Predictions) -> tuple[Tensor, Tensor]:
    """Scores and truth of every class."""
    if predictions.has_classes and predictions.scores.shape[1] == 2:
        # log p alone is rounded to 0 for the surest; the difference of logits has the same order and is not
        return predictions.outputs - predictions.outputs.flip(1), predictions.truth
    return predictions.scores, predictions.truth


def _ties(ordered: Tensor) -> tuple[Tensor, Tensor]:
    """The first and the last place of the equal values that each one of the last axis is among."""
    places = torch.arange(ordered.shape[-1], device=ordered.device).expand_as(ordered)
    edge = torch.ones_like(ordered[..., :1], dtype=torch.bool)
    changes = ordered[..., 1:] != ordered[..., :-1]
    first = torch.where(torch.cat([edge, changes], -1), places, 0).cummax(-1).values
    ends = torch.where(torch.cat([changes, edge], -1), places, ordered.shape[-1] - 1)
    last = ends.flip(-1).cummin(-1).values.flip(-1)
    return first, last
