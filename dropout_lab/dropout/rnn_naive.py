"""Naive recurrent dropout: standard dropout with another mask at every step, between the steps as well.

    y_t = x_t * [u_t >= r] / (1 - r),   u_t ~ U[0, 1) for every unit, step and example

At the cell of an LSTM the whole new cell is dropped from, including what is kept of the old one. The masks of the steps
are independent, so the mean over masks is that of evaluation for any number of steps. But a unit survives T steps only
with probability (1 - r)^T, and has then grown by (1 - r)^-T: training hardly ever sees the mean, and the network cannot
remember anything for long. It is provided for comparison; Zaremba et al. (2014, arXiv:1409.2329) and Gal and Ghahramani
(NeurIPS 2016, arXiv:1512.05287) propose their methods against it.
"""

from torch import Tensor

from dropout_lab.dropout.standard import Standard
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import Step, carried_on
from dropout_lab.sites.requirements import Requirements


class RNNNaive(Standard):
    requirements = Requirements(frozenset({"units", "sequence", "state", "cell"}))

    def update_cell(self, step: Step, old: Tensor, kept: Tensor | None, added: Tensor) -> tuple[Tensor, Tensor]:
        """The whole new cell is dropped from, what is kept of the old one included."""
        new = step(carried_on(kept, added))
        return new, new

    def objection(self, info: SiteInfo) -> str | None:
        if info.kind != "units" or info.site == "output":
            return None
        return "it drops within a recurrent network: take model=rnn, or dropout=standard"
