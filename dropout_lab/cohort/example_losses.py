"""The loss of every example, and whether its answer is correct."""

import torch
import torch.nn.functional as F
from torch import Tensor

from dropout_lab.core.tokens import NO_CLASS
from dropout_lab.datasets.split import Task


def losses(output: Tensor, y: Tensor, task: Task) -> Tensor:
    """The loss of every example, (batch,): cross-entropy in nats, in sequences the mean over positions; of several
    labels the mean over them of the binary cross-entropy of their logits; or the squared error, of several outputs the
    mean over them.
    """
    if task == "classification":
        return F.cross_entropy(output, y, reduction="none")
    if task == "token_classification":
        each = F.cross_entropy(output.movedim(-1, 1), y, reduction="none", ignore_index=NO_CLASS)
        return each.sum(1) / (y != NO_CLASS).sum(1)
    if task == "multilabel":
        return F.binary_cross_entropy_with_logits(output.reshape(y.shape), y, reduction="none").mean(-1)
    if y.dim() == 1:
        return F.mse_loss(output.squeeze(-1), y, reduction="none")
    return F.mse_loss(output, y, reduction="none").mean(-1)


def correct(output: Tensor, y: Tensor, task: Task) -> Tensor:
    """1 for correct examples, else 0; in sequences the share of correct positions, of several labels that of right
    ones, at probability 1/2 (1 less the Hamming loss): (batch,)."""
    if task == "regression":
        return torch.zeros_like(y) if y.dim() == 1 else torch.zeros_like(y[:, 0])
    if task == "multilabel":
        return ((output.reshape(y.shape) > 0) == (y > 0.5)).float().mean(-1)
    right = output.argmax(-1) == y
    return right.float() if task == "classification" else right.sum(1) / (y != NO_CLASS).sum(1)
