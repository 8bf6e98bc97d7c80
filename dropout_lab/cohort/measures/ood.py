"""Out of distribution: whether the network is less sure of the examples of another data set."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dropout_lab.cohort.measures.measure import AbstractMeasure, Subject
from dropout_lab.cohort.measures.trained import Trained
from dropout_lab.datasets.dataset import Dataset

ROWS = 256
"""Examples of the other data set that are answered at once."""


class OOD(AbstractMeasure):
    """ood_auroc: the area under the ROC curve with which the maximum probability tells the test set from the test set
    of another data set. 0.5: not at all; 1: every example of the test set has a greater one than any of the other's.

    The other examples are read as those of the test set are: standardized by the training part. Hendrycks and Gimpel,
    "A Baseline for Detecting Misclassified and Out-of-Distribution Examples in Neural Networks", ICLR 2017,
    arXiv:1610.02136, section 2.

    Costs a forward pass over the test set, and one over the other data set's.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._other = dataset

    def __call__(self, trained: Trained) -> Mapping[str, Tensor]:
        size = len(trained.structure.dataset.test)
        inputs = self._other.inputs[self._other.test].to(trained.device)
        with torch.no_grad():
            inside = torch.cat([_surest(trained.outputs(batch.x)) for batch in trained.batches()], 1)[:, :size]
            outside = torch.cat(
                [_surest(trained.outputs(trained.standardized(x))) for x in torch.split(inputs, ROWS)], 1
            )
        pairs = zip(inside.cpu().numpy(), outside.cpu().numpy(), strict=True)
        return {"ood_auroc": torch.tensor([auroc(*pair) for pair in pairs], dtype=torch.float64)}

    def objection(self, subject: Subject) -> str | None:
        dataset = subject.dataset
        for one in (dataset, self._other):
            if one.vocabulary:
                return f"{one.name} has tokens as inputs; it works with numbers, of tables or images"
        if dataset.task != "classification":
            return f"{dataset.name} asks for no class of an example; it works with classifications"
        if dataset.input_shape != self._other.input_shape:
            ours, theirs = (" x ".join(map(str, one.input_shape)) for one in (dataset, self._other))
            return (
                f"examples of {self._other.name} (measure.ood.dataset) have the shape {theirs}, those of {dataset.name}"
                f" {ours}; they must have the same"
            )
        return None


def auroc(known: "np.ndarray[Any, Any]", strange: "np.ndarray[Any, Any]") -> float:
    """The probability that a known example's number is greater than a strange one's; equal ones count half."""
    from sklearn.metrics import roc_auc_score  # it takes a second to import

    labels = np.concatenate([np.ones(len(known)), np.zeros(len(strange))])
    return float(roc_auc_score(labels, np.concatenate([known, strange])))


def _surest(output: Tensor) -> Tensor:
    return output.double().softmax(-1).amax(-1)  # in float32, sure answers are all 1
