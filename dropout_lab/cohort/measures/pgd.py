"""Robustness to projected gradient descent, the strongest of the attacks that use the gradient alone."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from torch import Tensor

from dropout_lab.cohort.measures.adversary import AbstractAdversary
from dropout_lab.cohort.measures.trained import Batch, Trained, of_examples
from dropout_lab.config.bounds import Count, Positive


class PGD(AbstractAdversary):
    """Loss and accuracy on the test set after `steps` steps x <- P(x + step epsilon sign(dL/dx)), where P is the
    nearest allowed input: at most epsilon from the example, images in the data's range.

    It begins at a random point, uniform in the cube of half edge epsilon around the example. Madry, Makelov, Schmidt,
    Tsipras and Vladu, "Towards Deep Learning Models Resistant to Adversarial Attacks", ICLR 2018, arXiv:1706.06083,
    section 2.1. There is one start, not the worst of several.

    Costs `steps` + 1 forward passes and `steps` backward passes over the test set for each level.
    """

    name = "pgd"

    def __init__(
        self, epsilons: Annotated[Sequence[Positive], Field(min_length=1)], steps: Count, step: Positive
    ) -> None:
        super().__init__(epsilons)
        self._steps, self._step = steps, step

    def attacked(self, trained: Trained, batch: Batch, epsilon: float) -> Tensor:
        shape = batch.x.shape[2:]
        start = of_examples(lambda noise: 2 * noise.uniform(shape) - 1, trained.key(self.name), batch.rows)
        x = self.allowed(trained, batch, epsilon, batch.x + epsilon * start)
        for _ in range(self._steps):
            x = x + self._step * epsilon * trained.input_gradient(x, batch.y).sign()
            x = self.allowed(trained, batch, epsilon, x)
        return x
