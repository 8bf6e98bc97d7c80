"""Metrics of predicted probabilities: cross-entropy, accuracy, calibration, and what dropout masks disagree about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15
"""Bins of equal width for confidence (Guo, Pleiss, Sun and Weinberger, ICML 2017, section 4.1)."""

LEAST = 1e-12
"""Probabilities are clipped here before their logarithm is taken."""

Probabilities = NDArray[np.floating]
Targets = NDArray[np.integer]
Loaded = NDArray[np.floating] | None
"""(n,) the weights of examples in a loss, with a mean of 1; None: all are alike."""


@dataclass(frozen=True)
class Answers:
    """Predictions of one network on the test set of a classification.

    Monte Carlo dropout: Gal and Ghahramani, "Dropout as a Bayesian Approximation", ICML 2016, arXiv:1506.02142.
    """

    log_probs: NDArray[np.float32]
    """(n, classes), from the one pass without dropout."""
    targets: NDArray[np.int64]
    """(n,)"""
    masked: NDArray[np.float64] | None = None
    """(n, classes), the mean of the probabilities over dropout masks; None without `trainer.mc_samples`."""
    masked_entropy: float = 0.0
    """Entropy of the prediction under a single mask, in nats: the mean over masks and examples."""
    weights: NDArray[np.float32] | None = None
    """(n,), of each example in the loss, with a mean of 1; None where classes have no weights."""

    @property
    def probs(self) -> NDArray[np.float64]:
        """(n, classes), from the one pass without dropout."""
        return np.exp(self.log_probs.astype(np.float64))


def nats(probs: Probabilities, targets: Targets, weights: Loaded = None) -> NDArray[np.float64]:
    """(n,) negative log-likelihood of each target, times its weight. probs: (n, classes); targets, weights: (n,)."""
    each: NDArray[np.float64] = -np.log(np.clip(probs[np.arange(len(targets)), targets], LEAST, 1))
    return each if weights is None else each * weights


def cross_entropy(probs: Probabilities, targets: Targets, weights: Loaded = None) -> float:
    """The mean of `nats`; weights have a mean of 1."""
    return float(nats(probs, targets, weights).mean())


def accuracy(probs: Probabilities, targets: Targets) -> float:
    """Share of examples whose most probable class is the target. probs: (n, classes); targets: (n,)."""
    return float((probs.argmax(1) == targets).mean())


def calibration_error(probs: Probabilities, targets: Targets, bins: int = BINS) -> float:
    """Expected calibration error: the mean distance between confidence and accuracy over bins of confidence.

    Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, arXiv:1706.04599, eq. 3.
    probs: (n, classes); targets: (n,).
    """
    confidence, right = probs.max(1), probs.argmax(1) == targets
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    counts = np.bincount(which, minlength=bins)
    apart = np.bincount(which, weights=confidence - right, minlength=bins)
    return float(np.abs(apart).sum() / counts.sum())


MEASURES: Mapping[str, Callable[[Probabilities, Targets], float]] = {
    "loss": cross_entropy,
    "accuracy": accuracy,
    "ece": calibration_error,
}
"""Name -> metric of predicted probabilities: of one network, of the mean over masks, of an ensemble."""


def measures(probs: Probabilities, targets: Targets, weights: Loaded = None) -> Mapping[str, float]:
    """All of `MEASURES`, the loss with these weights. probs: (n, classes); targets: (n,)."""
    found = {name: measure(probs, targets) for name, measure in MEASURES.items()}
    return found if weights is None else {**found, "loss": cross_entropy(probs, targets, weights)}


def entropy(probs: Probabilities) -> Probabilities:
    """Entropy over the last axis, in nats."""
    summed: Probabilities = -(probs * np.log(np.clip(probs, LEAST, 1))).sum(-1)
    return summed


def mean_entropy(answers: Answers) -> float | None:
    """Entropy of the mean over masks, in nats: the mean over examples; None without masks."""
    return None if answers.masked is None else float(entropy(answers.masked).mean())


def information(answers: Answers) -> float | None:
    """Mutual information of prediction and mask, in nats: the mean over examples; None without masks."""
    whole = mean_entropy(answers)
    return None if whole is None else max(0.0, whole - answers.masked_entropy)
