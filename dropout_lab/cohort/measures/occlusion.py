"""Robustness to occlusion: a square of every image is covered."""

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from dropout_lab.cohort.measures.measure import Subject
from dropout_lab.cohort.measures.robustness import AbstractRobustness
from dropout_lab.cohort.measures.trained import Batch, Trained, of_examples
from dropout_lab.config.bounds import Count


class Occlusion(AbstractRobustness):
    """Loss and accuracy on the test set with a square of s x s pixels of every image set to 0, in all channels.

    The square lies wholly inside the image, at a place drawn for every example, each place equally likely, from the
    same two numbers at all levels and for all configurations of a seed. 0 of the standardized input is the mean, the
    grey square of Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014,
    arXiv:1311.2901, section 4.2.

    Costs a forward pass over the test set for each level.
    """

    name = "occlusion"
    needs_images = True

    def __init__(self, sizes: Annotated[Sequence[Count], Field(min_length=1)]) -> None:
        super().__init__(sizes)
        self._largest = max(sizes)

    def changed(self, trained: Trained, batch: Batch, level: float) -> Tensor:
        u = of_examples(lambda noise: noise.uniform((2,)), trained.key(self.name), batch.rows)
        height, width = batch.x.shape[3:]
        inside = [
            self._covered(u[..., axis], side, int(level)) for axis, side in enumerate((height, width))
        ]  # (lane, n, side) each
        square = inside[0].unsqueeze(-1) & inside[1].unsqueeze(-2)
        return batch.x * ~square.unsqueeze(2)

    @staticmethod
    def _covered(u: Tensor, side: int, size: int) -> Tensor:
        """Which of the `side` rows, or columns, the square covers: (lane, n, side)."""
        first = (u * (side - size + 1)).floor().unsqueeze(-1)
        at = torch.arange(side, device=u.device)
        return (at >= first) & (at < first + size)

    def objection(self, subject: Subject) -> str | None:
        dataset = subject.dataset
        if (found := super().objection(subject)) is not None:
            return found
        most = min(dataset.input_shape[1:])
        if self._largest > most:
            return f"measure.occlusion.sizes: a square of {self._largest} pixels; images of {dataset.name} have {most}"
        return None
