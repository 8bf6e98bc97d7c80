"""Sharpness: how much the train loss rises where every weight is changed a little, in proportion to its size."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from dropout_lab.cohort.measures.measure import AbstractMeasure
from dropout_lab.cohort.measures.robustness import at
from dropout_lab.cohort.measures.trained import Trained
from dropout_lab.config.bounds import Count, Positive
from dropout_lab.core.mask_streams import Noise


class Sharpness(AbstractMeasure):
    """sharpness@S: the mean over draws of z of L(w + S |w| z) - L(w), z ~ N(0, 1) for every weight w.

    L is the loss, dropout off, on the fixed part of the training data that the gap is measured on. This is the expected
    sharpness of Neyshabur, Bhojanapalli, McAllester and Srebro, "Exploring Generalization in Deep Learning", NeurIPS
    2017, arXiv:1706.08947, with deviations in proportion to the weights, as in the magnitude-aware measures of Jiang,
    Neyshabur, Mobahi, Krishnan and Bengio, "Fantastic Generalization Measures and Where to Find Them", ICLR 2020,
    arXiv:1912.02178. It is not the largest eigenvalue of the Hessian. Rescaling the units of a ReLU network, which
    leaves its function as it is, leaves this measure as it is.

    Weights are all trained parameters of the network, biases and norms included; those of dropout methods, frozen ones
    and running statistics stay. All levels and all configurations of a seed share the draws.

    Costs `draws` forward passes over that part for each level, and one more.
    """

    def __init__(self, deviations: Annotated[Sequence[Positive], Field(min_length=1)], draws: Count) -> None:
        self._deviations, self._draws = deviations, draws

    def __call__(self, trained: Trained) -> Mapping[str, Tensor]:
        before = trained.score(part="train")["loss"]
        sizes = trained.params.abs() * trained.program.layout.network(trained.device)
        rises = {deviation: torch.zeros_like(before) for deviation in self._deviations}
        for draw in range(self._draws):
            z = torch.stack([Noise(key).normal(sizes.shape[1:]) for key in trained.key("sharpness", draw)])
            for deviation, rise in rises.items():
                rise += trained.score(params=trained.params + deviation * sizes * z, part="train")["loss"] - before
        return {f"sharpness{at(deviation)}": rise / self._draws for deviation, rise in rises.items()}
