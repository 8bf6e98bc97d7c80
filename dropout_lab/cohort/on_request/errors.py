"""Metrics that are errors of numbers: of probabilities, and of a regression's standardised targets."""

import torch
from torch import Tensor

from dropout_lab.cohort.on_request.predictions import Predictions, mean_where


def brier(predictions: Predictions) -> Tensor:
    """Squared distance of the probabilities to the target, summed over classes, mean over examples: (lane,).

    Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78 (1950). For two
    classes it is twice the score of the positive class alone.
    """
    return (predictions.log_probs.exp() - predictions.truth).square().sum(1).mean(-1)


def mae(predictions: Predictions) -> Tensor:
    """Mean absolute error of the standardised target, of several the mean: (lane,)."""
    return (predictions.outputs - predictions.targets).abs().mean(-1).mean(-1)


def rmse(predictions: Predictions) -> Tensor:
    """Root of the mean squared error of the standardised target, of several the mean of the roots: (lane,)."""
    return (predictions.outputs - predictions.targets).square().mean(-1).sqrt().mean(-1)


def r2(predictions: Predictions) -> Tensor:
    """1 minus the squared error over that of the part's own mean, of several targets the mean: (lane,).

    NaN where the part's targets are all equal.
    """
    targets = predictions.targets
    error = (predictions.outputs - targets).square().sum(-1)
    equal = (targets == targets[..., :1]).all(-1)
    spread = (targets - targets.mean(-1, keepdim=True)).square().sum(-1)
    return mean_where(1 - error / torch.where(equal, 1.0, spread), ~equal)


def pinball(predictions: Predictions, quantile: float) -> Tensor:
    """Pinball loss of the answers as a quantile of the standardised target: (lane,).

    max(q (y - f), (q - 1) (y - f)): Koenker and Bassett, "Regression Quantiles", Econometrica 46 (1978).
    """
    under = predictions.targets - predictions.outputs
    return torch.maximum(quantile * under, (quantile - 1) * under).mean(-1).mean(-1)
