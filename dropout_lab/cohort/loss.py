"""The loss that a training step minimises: that of one pass through the network, or of several with different masks.

A loss gets `forward`, which runs the network on the batch under the masks of a pass, and `mean`, the batch's mean loss
of an output. Buffers, such as a batch norm's running statistics, are those of the first pass. The losses of validation
and test are always those of one pass without dropout.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import final

import torch.nn.functional as F
from torch import Tensor

from dropout_lab.config.bounds import Count, NonNegative

Forward = Callable[[int], Tensor]
"""Number of a pass -> the network's output under the masks of that pass."""


class AbstractLoss(ABC):
    """A training loss, made of passes through the network."""

    samples = 1
    """Masks that the last site draws in one pass; the outputs under them are concatenated along the batch."""

    @abstractmethod
    def __call__(self, forward: Forward, mean: Callable[[Tensor], Tensor]) -> Tensor:
        """The batch's loss, without dimensions."""

    def objection(self, task: str) -> str | None:
        """Why the loss is undefined for a task; None if it is defined."""
        return None


@final
class Plain(AbstractLoss):
    """One pass."""

    def __call__(self, forward: Forward, mean: Callable[[Tensor], Tensor]) -> Tensor:
        return mean(forward(0))


@final
class RDrop(AbstractLoss):
    """The mean loss of two passes, and the divergence of their answers.

        (CE(p) + CE(q)) / 2 + alpha (KL(p || q) + KL(q || p)) / 2,   means over the batch

    Liang, Wu, Li, Wang, Meng, Qin, Chen, Zhang and Liu, "R-Drop: Regularized Dropout for Neural Networks", NeurIPS
    2021, arXiv:2106.14448, equations 2 and 3, with both terms halved. A batch norm sees the two passes one by one.
    """

    def __init__(self, alpha: NonNegative) -> None:
        self._alpha = alpha

    def __call__(self, forward: Forward, mean: Callable[[Tensor], Tensor]) -> Tensor:
        outputs = forward(0), forward(1)
        p, q = (F.log_softmax(output, -1) for output in outputs)
        # KL(p || q) + KL(q || p) = sum (p - q)(log p - log q)
        distance = ((p.exp() - q.exp()) * (p - q)).sum(-1).mean()
        return (mean(outputs[0]) + mean(outputs[1])) / 2 + self._alpha * distance / 2

    def objection(self, task: str) -> str | None:
        if task == "classification":
            return None
        return "it compares the probabilities of an example's class, which is not what is asked for here"


@final
class MultiSample(AbstractLoss):
    """The mean loss over several masks at the last site, the network before it running once for all.

    Inoue, "Multi-Sample Dropout for Accelerated Training and Better Generalization", 2019, arXiv:1905.09788, section 3.
    """

    def __init__(self, samples: Count) -> None:
        self.samples = samples

    def __call__(self, forward: Forward, mean: Callable[[Tensor], Tensor]) -> Tensor:
        return mean(forward(0))
