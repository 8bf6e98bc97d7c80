"""The lanes' predictions on the test part and their confidence, without dropout and averaged over masks."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dropout_lab.cohort.lanes import Lanes
from dropout_lab.records.predictions import answers, entropy


@dataclass(frozen=True)
class Answers:
    """A run's predictions on the test part."""

    log_probs: NDArray[np.float32]
    """(n, classes)"""
    targets: NDArray[np.int64]
    metrics: Mapping[str, float]
    """test_ece; and for the mean over masks test_loss_mc, test_accuracy_mc, test_ece_mc, entropy_mc, information_mc."""


def measure(lanes: Lanes, wanted: list[int]) -> Mapping[int, Answers]:
    """The answers of these lanes, with the best network of each run.

    Monte Carlo dropout is the mean of the probabilities over masks (Gal and Ghahramani, "Dropout as a Bayesian
    Approximation", ICML 2016, arXiv:1506.02142). entropy_mc is its entropy; information_mc is entropy_mc minus the mean
    entropy of the single answers, the mutual information of answer and mask. Both are in nats, means over examples.
    """
    whole = _numpy(lanes.predict())
    targets = lanes.test_targets().numpy()
    samples = lanes.structure.mc_samples
    mean, each = np.zeros(whole.shape, dtype=np.float64), np.zeros(whole.shape[:2], dtype=np.float64)
    for number in range(samples or 0):
        probs = np.exp(_numpy(lanes.predict(sample=number)))
        mean += probs
        each += entropy(probs)
    found = {}
    for lane in wanted:
        metrics = {"test_ece": answers(np.exp(whole[lane]), targets[lane])["ece"]}
        if samples:
            probs = mean[lane] / samples
            metrics |= {f"test_{name}_mc": value for name, value in answers(probs, targets[lane]).items()}
            metrics["entropy_mc"] = float(entropy(probs).mean())
            metrics["information_mc"] = max(0.0, metrics["entropy_mc"] - float(each[lane].mean() / samples))
        found[lane] = Answers(whole[lane].astype(np.float32), targets[lane], metrics)
    return found


def _numpy(log_probs: Tensor) -> NDArray[np.float64]:
    return log_probs.to(torch.float64).cpu().numpy()
