"""Robustness to adversarial inputs: what all attacks on the inputs share."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from torch import Tensor

from dropout_lab.cohort.measures.robustness import AbstractRobustness
from dropout_lab.cohort.measures.trained import Batch, Trained
from dropout_lab.config.bounds import Positive


class AbstractAdversary(AbstractRobustness):
    """A measure of inputs that are changed against the network, each input number by at most epsilon.

    Epsilon is in standard deviations of the input, of each feature of a table, or each channel of images, in the
    training part. Images are kept in the range of the data: between the least and the greatest number in the raw
    inputs of the whole data set. The gradient is that of the loss in evaluation mode, in which no mask is drawn.
    """

    def __init__(self, epsilons: Annotated[Sequence[Positive], Field(min_length=1)]) -> None:
        super().__init__(epsilons)

    def changed(self, trained: Trained, batch: Batch, level: float) -> Tensor:
        attacked = self.attacked(trained, batch, level)
        return self.allowed(trained, batch, level, attacked)

    @abstractmethod
    def attacked(self, trained: Trained, batch: Batch, epsilon: float) -> Tensor:
        """The changed inputs."""

    @staticmethod
    def allowed(trained: Trained, batch: Batch, epsilon: float, x: Tensor) -> Tensor:
        """The nearest inputs to `x` at most epsilon from the batch's and, if they are images, in the data's range."""
        x = x.clamp(batch.x - epsilon, batch.x + epsilon)
        if x.dim() != 5:  # no images
            return x
        low, high = trained.input_range
        return x.clamp(low.unsqueeze(1), high.unsqueeze(1))
