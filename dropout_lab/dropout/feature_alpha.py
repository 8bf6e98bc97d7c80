"""Feature alpha dropout: alpha dropout of whole channels.

    y[c] = a (x[c] [u_c >= r] + alpha' [u_c < r]) + b,   u_c ~ U[0, 1) for every channel of every example

a, b and alpha' as in alpha.py (Klambauer et al., NeurIPS 2017, arXiv:1706.02515).
"""

from collections.abc import Sequence

from dropout_lab.dropout.advice import all_of, only_channel
from dropout_lab.dropout.alpha import Alpha
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.requirements import Requirements


class FeatureAlpha(Alpha):
    requirements = Requirements()

    def objection(self, info: SiteInfo) -> str | None:
        return super().objection(info) if info.is_map else "it drops channels, and a vector has none"

    def advice(self, info: SiteInfo, rate: float) -> str | None:
        return all_of(only_channel(info), super().advice(info, rate))

    def _mask(self, shape: Sequence[int]) -> Sequence[int]:
        return (*shape[:2], *[1] * (len(shape) - 2))
