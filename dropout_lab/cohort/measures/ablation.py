"""Robustness to failing units: a random share of the hidden units is zeroed."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from dropout_lab.cohort.measures import hidden
from dropout_lab.cohort.measures.measure import AbstractMeasure, Subject
from dropout_lab.cohort.measures.robustness import at
from dropout_lab.cohort.measures.trained import Trained
from dropout_lab.cohort.measures.watch import Watch
from dropout_lab.config.bounds import Count, Share
from dropout_lab.core.mask_streams import Noise


class Ablation(AbstractMeasure):
    """Loss and accuracy on the test set with a share of the hidden units zeroed at every site of hidden units.

    At each site, round(share x units) units, at least one, are zeroed for all examples; a channel of a map is a unit,
    and a unit of a sequence is zeroed at every step. The others are not scaled up. The values are means over `draws`
    choices of units, which all levels and all configurations of a seed share: what is zeroed at a level is zeroed at
    all higher ones. Morcos, Barrett, Rabinowitz and Botvinick, "On the importance of single directions for
    generalization", ICLR 2018, arXiv:1803.06959, section 2.2, cumulative ablations to zero.

    Costs `draws` forward passes over the test set for each level.
    """

    name = "ablation"

    def __init__(self, shares: Annotated[Sequence[Share], Field(min_length=1)], draws: Count) -> None:
        self._shares, self._draws = shares, draws

    def __call__(self, trained: Trained) -> Mapping[str, Tensor]:
        found: dict[str, Tensor] = {}
        for share in self._shares:
            draws = [trained.score(watch=self._watch(trained, share, draw)) for draw in range(self._draws)]
            for what in draws[0]:
                found[f"{self.name}_{what}{at(share)}"] = torch.stack([one[what] for one in draws]).mean(0)
        return found

    def _watch(self, trained: Trained, share: float, draw: int) -> Watch:
        infos = {info.site: info for info in hidden.hidden(trained.infos)}
        keys = {site: trained.key(f"{self.name}/{site}", draw) for site in infos}

        def hook(site: str, values: Tensor, keys: Mapping[str, Tensor]) -> Tensor:
            info = infos[site]
            kept = _kept(keys[site], hidden.units(info), share)
            return hidden.units_back(info, hidden.units_last(info, values) * kept)

        return Watch(list(infos), hook, keys)

    def objection(self, subject: Subject) -> str | None:
        return hidden.objection(subject.infos)


def _kept(key: Tensor, units: int, share: float) -> Tensor:
    """(units,): 0 for the units that are zeroed, else 1."""
    zeroed = max(1, round(share * units)) if share > 0 else 0
    place = Noise(key).uniform((units,)).argsort().argsort()
    return (place >= zeroed).float()
