"""The loss of every example, and whether its answer is correct."""

import torch
import torch.nn.functional as F
from torch import Tensor

from dropout_lab.core.tokens import NO_CLASS
from dropout_lab.datasets.split import Task


def losses(output: Tensor, y: Tensor, task: Task) -> Tensor:
    """The loss of every example: cross-entropy in nats, in sequences the mean over positions; or the squared error."""
    if task == "classification":
        return F.cross_entropy(output, y, reduction="none")
    if task == "token_classification":
        each = F.cross_entropy(output.movedim(-1, 1), y, reduction="none", ignore_index=NO_CLASS)
        return each.sum(1) / (y != NO_CLASS).sum(1)
    return F.mse_loss(output.squeeze(-1), y, reduction="none")


def correct(output: Tensor, y: Tensor, task: Task) -> Tensor:
    """1 for correct examples, else 0; in sequences the share of correct positions: (batch,)."""
    if task == "regression":
        return torch.zeros_like(y)
    right = output.argmax(-1) == y
    return right.float() if task == "classification" else right.sum(1) / (y != NO_CLASS).sum(1)
