"""Stochastic dropout: standard dropout whose rate is itself drawn, for every layer and training step.

    R ~ U(r (1 - spread), r (1 + spread)), at most 0.7;   y = x * [u >= R] * min(1 / (1 - R), 1.5)

Park and Kwak, "Analysis on the Dropout Effect in Convolutional Neural Networks", ACCV 2016, section 3.2, with the two
caps of their code. They give the ends, say U(0, 0.4): here `rate` is the mean, and spread 1 reaches down to 0.
"""

from torch import Tensor

from dropout_lab.dropout.checks import require_share
from dropout_lab.noise import Noise
from dropout_lab.sites import AbstractValueDropout

MOST_DROPPED = 0.7
MOST_SCALED = 1.5


class StochasticRate(AbstractValueDropout):
    """spread: half of the width of the rate's distribution, as a part of its mean, in [0, 1]."""

    def __init__(self, spread: float) -> None:
        require_share("dropout.spread", spread)
        self._spread = spread

    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        drawn = rate * (1 + self._spread * (2 * noise.stream(1).uniform(()) - 1))
        drawn = drawn.clamp(max=MOST_DROPPED)
        keep = noise.uniform(x.shape) >= drawn
        return x * (keep.to(x.dtype) * (1 / (1 - drawn)).clamp(max=MOST_SCALED))
