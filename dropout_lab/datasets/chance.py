"""The loss of a network that ignores its inputs: what every trained one must beat to have learned anything."""

import torch
import torch.nn.functional as F

from dropout_lab.core.tokens import NO_CLASS
from dropout_lab.datasets.class_weights import example_weights
from dropout_lab.datasets.split import Split, Task


def chance_loss(split: Split, task: Task, outputs: int) -> float:
    """The validation loss of always giving the same answer, the best one for the training part, in nats.

    For classes and tokens this answer is their frequencies among the training targets, each counted once more than it
    occurs, so that a class that the training part lacks is not impossible. For several labels it is each label's
    frequency, with and without it each counted once more. For a regression it is the mean, of each output its own, and
    the loss is in variances of the training target. Where classes have weights, the frequencies and the loss do.
    """
    if task == "regression":
        return float((split.val_targets.double() - split.train_targets.double().mean(0)).square().mean())
    if task == "multilabel":
        shares = (split.train_targets.double().sum(0) + 1) / (len(split.train_targets) + 2)
        return float(F.binary_cross_entropy(shares.expand(split.val_targets.shape), split.val_targets.double()))
    asked = split.train_targets[split.train_targets != NO_CLASS]
    counts = torch.bincount(asked, minlength=outputs).double() + 1
    if split.class_weights is not None:
        counts = counts * split.class_weights
    nats = -(counts / counts.sum()).log()
    targets = split.val_targets.view(len(split.val_targets), -1)
    counted = targets != NO_CLASS
    losses = torch.where(counted, nats[targets.clamp(min=0)], 0.0).sum(1) / counted.sum(1)
    if split.class_weights is not None:
        losses = losses * example_weights(split.class_weights, split.val_targets)
    return float(losses.mean())
