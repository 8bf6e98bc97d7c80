"""Robustness to noise: normal noise on every standardized input."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from torch import Tensor

from dropout_lab.cohort.measures.robustness import AbstractRobustness
from dropout_lab.cohort.measures.trained import Batch, Trained, of_examples
from dropout_lab.config.bounds import Positive


class Noise(AbstractRobustness):
    """Loss and accuracy on the test set with x + s z in the place of x, z ~ N(0, 1) for each input number.

    s is in standard deviations of the input, of each feature of a table, or each channel of images, in the training
    part. The sum is not clipped to the range of the data. Every example has one z, the same at all levels and for all
    configurations of a seed. Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions
    and Perturbations", ICLR 2019, arXiv:1903.12261, have Gaussian noise as their first corruption.

    Costs a forward pass over the test set for each level.
    """

    name = "noise"

    def __init__(self, deviations: Annotated[Sequence[Positive], Field(min_length=1)]) -> None:
        super().__init__(deviations)

    def changed(self, trained: Trained, batch: Batch, level: float) -> Tensor:
        shape = batch.x.shape[2:]
        z = of_examples(lambda noise: noise.normal(shape), trained.key(self.name), batch.rows)
        return batch.x + level * z
