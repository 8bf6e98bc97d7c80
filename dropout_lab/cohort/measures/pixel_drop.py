"""Robustness to missing inputs: a random share of the pixels, or of a table's features, is replaced by the mean."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from torch import Tensor

from dropout_lab.cohort.measures.robustness import AbstractRobustness
from dropout_lab.cohort.measures.trained import Batch, Trained, of_examples
from dropout_lab.config.bounds import Share


class PixelDrop(AbstractRobustness):
    """Loss and accuracy on the test set with each pixel, in all its channels, or each feature set to 0 with probability
    p. 0 of the standardized input is the mean of the training part; of images that are not standardized, 0 itself.

    Every example has one random number per pixel, the same at all levels and for all configurations of a seed, so what
    is missing at one level is missing at all higher ones. It is the masking noise of Vincent, Larochelle, Bengio and
    Manzagol, "Extracting and Composing Robust Features with Denoising Autoencoders", ICML 2008, section 2.3, drawn
    pixel by pixel.

    Costs a forward pass over the test set for each level.
    """

    name = "pixel_drop"

    def __init__(self, shares: Annotated[Sequence[Share], Field(min_length=1)]) -> None:
        super().__init__(shares)

    def changed(self, trained: Trained, batch: Batch, level: float) -> Tensor:
        shape = batch.x.shape[2:]
        places = (1, *shape[1:]) if len(shape) == 3 else shape
        u = of_examples(lambda noise: noise.uniform(places), trained.key(self.name), batch.rows)
        return batch.x * (u >= level)
