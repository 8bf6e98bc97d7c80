"""Robustness to the fast gradient sign method."""

from torch import Tensor

from dropout_lab.cohort.measures.adversary import AbstractAdversary
from dropout_lab.cohort.measures.trained import Batch, Trained


class FGSM(AbstractAdversary):
    """Loss and accuracy on the test set with x + epsilon sign(dL/dx) in the place of x, in the data's range.

    Goodfellow, Shlens and Szegedy, "Explaining and Harnessing Adversarial Examples", ICLR 2015, arXiv:1412.6572,
    section 4. A network whose gradients vanish seems robust here, and PGD with more steps may still find its way.

    Costs two forward passes and a backward pass over the test set for each level.
    """

    name = "fgsm"

    def attacked(self, trained: Trained, batch: Batch, epsilon: float) -> Tensor:
        return batch.x + epsilon * trained.input_gradient(batch.x, batch.y).sign()
