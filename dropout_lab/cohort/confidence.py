"""Predictions of the lanes on the test set: with dropout off, and as the mean over many masks."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dropout_lab.cohort.lanes import Lanes
from dropout_lab.core.metrics.answers import Answers, entropy


def measure(lanes: Lanes, wanted: list[int]) -> Mapping[int, Answers]:
    """The predictions of these lanes, with the best parameters of their runs."""
    whole = _numpy(lanes.predict())
    targets, weights = lanes.test_targets().numpy(), lanes.test_weights()
    samples = lanes.structure.mc_samples
    total, each = np.zeros(whole.shape, dtype=np.float64), np.zeros(whole.shape[:2], dtype=np.float64)
    for number in range(samples or 0):
        probs = np.exp(_numpy(lanes.predict(sample=number)))
        total += probs
        each += entropy(probs)
    found = {}
    for lane in wanted:
        log_probs = whole[lane].astype(np.float32)
        masked = total[lane] / samples if samples else None
        entropies = float(each[lane].mean() / samples) if samples else 0.0
        own = None if weights is None else weights[lane].numpy()
        found[lane] = Answers(log_probs, targets[lane], masked, entropies, own)
    return found


def _numpy(log_probs: Tensor) -> NDArray[np.float64]:
    return log_probs.to(torch.float64).cpu().numpy()
