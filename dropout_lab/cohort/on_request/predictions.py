"""The predictions on a part in the forms that metrics take them in: truth, answers and scores by class."""

from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Predictions:
    """Outputs of networks and their targets, in double precision, so that sums do not depend on the lanes beside.

    The example is the last axis: a sum over a contiguous last axis has one order, whatever the number of lanes.
    """

    outputs: Tensor
    """(lane, output, n): logits of classes or labels, or standardised numbers."""
    targets: Tensor
    """(lane, n) classes; (lane, output, n) labels, 0 or 1, or standardised numbers."""
    has_classes: bool
    """Whether the outputs are logits of classes of which each example has one."""

    @classmethod
    def of(cls, outputs: Tensor, targets: Tensor, task: str) -> "Predictions":
        """outputs: (lane, n, output); targets: (lane, n, ...)."""
        outputs = outputs.double().transpose(1, 2).contiguous()
        if task == "classification":
            return cls(outputs, targets, has_classes=True)
        targets = targets.double().view(*targets.shape[:2], -1).transpose(1, 2).contiguous()
        return cls(outputs, targets, has_classes=False)

    @cached_property
    def log_probs(self) -> Tensor:
        """(lane, class, n)"""
        return F.log_softmax(self.outputs, 1)

    @cached_property
    def scores(self) -> Tensor:
        """(lane, class, n): greater for an example that more probably has the class or the label.

        In single precision, so that equal probabilities are equal although their sums were rounded apart.
        """
        return (self.log_probs if self.has_classes else self.outputs).float()

    @cached_property
    def truth(self) -> Tensor:
        """(lane, class, n): 1 where an example has the class or the label, else 0."""
        return self._one_hot(self.targets) if self.has_classes else (self.targets > 0.5).double()

    @cached_property
    def answered(self) -> Tensor:
        """(lane, class, n): 1 where it is answered: the most probable class, or a label above a probability of 0.5."""
        return self._one_hot(self.outputs.argmax(1)) if self.has_classes else (self.outputs > 0).double()

    def _one_hot(self, classes: Tensor) -> Tensor:
        return F.one_hot(classes, self.outputs.shape[1]).double().transpose(1, 2).contiguous()


def mean_where(values: Tensor, defined: Tensor) -> Tensor:
    """The mean over the last axis of what is defined; NaN where nothing is."""
    total = torch.where(defined, values, 0.0).sum(-1)
    return total / defined.sum(-1)
