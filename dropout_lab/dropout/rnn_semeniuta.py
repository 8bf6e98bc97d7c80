"""Recurrent dropout without memory loss: what a step adds to a state is dropped, not the state.

    LSTM, at `cell`:       c_t = f_t * c_{t-1} + d(i_t * g_t)
    GRU, at `recurrent`:   h_t = z_t * h_{t-1} + d((1 - z_t) * n_t),   d(v) = v * [u >= r] / (1 - r)
    classic: d(v) = v * [u >= r] in training,   v (1 - r) in evaluation

Semeniuta, Severyn and Barth, "Recurrent Dropout without Memory Loss", COLING 2016, arXiv:1603.05118, sections 3.1 and
3.3; their masks are drawn for every step or for every sequence, and they scale in evaluation.

With given gates, the mean of the state over masks is that of evaluation, for any number of steps. But what a step adds
depends on the state before: if that was under the same mask (mask_per=sequence), a state that reads itself has another
mean, as at the hidden state in variational dropout (rnn_variational.py).
"""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor

from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractUpdateDropout, Update


class RNNSemeniuta(AbstractUpdateDropout):
    """mask_per: `step` or `sequence`. classic: scaled in evaluation, as in the paper."""

    def __init__(self, mask_per: Literal["step", "sequence"], classic: bool) -> None:
        self._per_step, self._classic = mask_per == "step", classic

    def train_updates(self, rate: Tensor, noise: Noise, count: int) -> Sequence[Update]:
        def update(drawn: Noise) -> Update:
            def one(old: Tensor, kept: Tensor | None, added: Tensor) -> tuple[Tensor, Tensor]:
                keep = (drawn.uniform(added.shape) >= rate).to(added.dtype)
                dropped = added * (keep if self._classic else keep / (1 - rate))
                new = dropped if kept is None else kept + dropped
                return new, new

            return one

        return [update(drawn) for drawn in (noise.steps(count) if self._per_step else [noise] * count)]

    def evaluate_update(self, old: Tensor, kept: Tensor | None, added: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
        added = added * (1 - rate).to(added.dtype) if self._classic else added
        new = added if kept is None else kept + added
        return new, new

    def objection(self, info: SiteInfo) -> str | None:
        if info.keeps:
            return None
        return "what a step adds to this state is all of it: take placement=cell of an LSTM, or model.cell=gru"
