"""Zoneout: units of a state keep their value of the step before with probability `rate`.

    training:   s_t = m * s_{t-1} + (1 - m) * s'_t,   m = [u < r],   u ~ U[0, 1) for every unit, step and example
    evaluation: s_t = r s_{t-1} + (1 - r) s'_t

s' is the state without dropout. Krueger, Maharaj, Kramár, Pezeshki, Ballas, Ke, Goyal, Bengio, Courville and Pal, ICLR
2017, arXiv:1606.01305, section 3.2: at the hidden state and at the cell of an LSTM, with rates of their own; the output
of the layer is computed from the cell before zoneout (equation 5).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.method import AbstractUpdateDropout, Update, carried_on


class Zoneout(AbstractUpdateDropout):
    def train_updates(self, rate: Tensor, noise: Noise, count: int) -> Sequence[Update]:
        def update(drawn: Noise) -> Update:
            def one(old: Tensor, kept: Tensor | None, added: Tensor) -> tuple[Tensor, Tensor]:
                new = carried_on(kept, added)
                return torch.where(drawn.uniform(new.shape) < rate, old, new), new

            return one

        return [update(drawn) for drawn in noise.steps(count)]

    def evaluate_update(self, old: Tensor, kept: Tensor | None, added: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
        new = carried_on(kept, added)
        zone = rate.to(new.dtype)
        return zone * old + (1 - zone) * new, new
