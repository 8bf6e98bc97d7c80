"""Zaremba's dropout for recurrent networks: standard dropout between the layers, never between the steps.

    y_t = x_t * [u_t >= r] / (1 - r),   u_t ~ U[0, 1) for every unit, step and example

Zaremba, Sutskever and Vinyals, "Recurrent Neural Network Regularization", 2014, arXiv:1409.2329, section 3.2: a value
meets dropout once for each layer that it passes, whatever the length of the sequence.
"""

from dropout_lab.dropout.standard import Standard
from dropout_lab.sites.info import STEPWISE, SiteInfo
from dropout_lab.sites.requirements import Requirements


class RNNZaremba(Standard):
    requirements = Requirements(STEPWISE)

    def objection(self, info: SiteInfo) -> str | None:
        if info.kind == "sequence" or info.site == "output":
            return None
        return "it drops between the layers of a recurrent network: take model=rnn, or dropout=standard"
