"""Co-adaptation: how alike hidden units are, in how many dimensions they vary, and how many of them are silent."""

from collections.abc import Mapping

import torch
from torch import Tensor

from dropout_lab.cohort.measures import hidden
from dropout_lab.cohort.measures.measure import AbstractMeasure, Subject
from dropout_lab.cohort.measures.robustness import at
from dropout_lab.cohort.measures.trained import Trained
from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.info import SiteInfo

MOST_UNITS = 1024
"""Where a site has more units, so many of them are looked at, drawn from the run's own stream."""

FLAT = 1e-12
"""A unit does not vary if its variance is at most this share of its mean square, the rounding of the sums."""


class Coadaptation(AbstractMeasure):
    """Four numbers of the values that reach each site of hidden units on the test set, dropout off.

    unit_correlation@SITE: the mean absolute Pearson correlation of pairs of different units; units that do not vary are
    left out. Srivastava et al., JMLR 2014, section 7.1, look at such co-adaptations; Cogswell, Ahmed, Girshick, Zitnick
    and Batra, "Reducing Overfitting in Deep Networks by Decorrelating Representations", ICLR 2016, arXiv:1511.06068,
    measure the covariances.
    effective_rank@SITE: exp of the entropy of the singular values of the matrix of values, divided by their sum; each
    unit has its mean taken off. Between 1 and the number of units. Roy and Vetterli, "The effective rank: a measure of
    effective dimensionality", EUSIPCO 2007, definition 1.
    activation_sparsity@SITE: the share of the values that are exactly 0, as behind a ReLU (Srivastava et al., 7.2).
    mean_activation@SITE: the mean of the values.

    An observation is an example; of a map each place, whose units are the channels; of a sequence each step, padding
    included. Of more than 1,024 units of a site, the correlation and the rank are those of 1,024 drawn ones.

    Costs a forward pass over the test set, and for each run and site the eigenvalues of a matrix units x units.
    """

    name = "coadaptation"

    def __call__(self, trained: Trained) -> Mapping[str, Tensor]:
        infos = {info.site: info for info in hidden.hidden(trained.infos)}
        sums = {site: [_Sums() for _ in range(trained.width)] for site in infos}
        keys = {site: trained.key(f"{self.name}/{site}") for site in infos}
        chosen = {site: [_chosen(key, hidden.units(infos[site])) for key in keys[site]] for site in infos}
        for batch, seen in trained.watched(list(infos)):
            for site, calls in seen.items():
                for values in calls:
                    for lane in range(trained.width):
                        sums[site][lane].add(infos[site], values[lane], batch.weight[lane], chosen[site][lane])
        found: dict[str, Tensor] = {}
        for site, lanes in sums.items():
            each = [lane.found() for lane in lanes]
            found |= {
                f"{name}{at(site)}": torch.tensor([one[name] for one in each], dtype=torch.float64) for name in each[0]
            }
        return found

    def objection(self, subject: Subject) -> str | None:
        return hidden.objection(subject.infos)


class _Sums:
    """Sums over observations, in float64, of which the four numbers are made."""

    def __init__(self) -> None:
        self._weight = self._zeros = self._total = self._values = 0.0
        self._sum: Tensor | float = 0.0
        self._products: Tensor | float = 0.0

    def add(self, info: SiteInfo, values: Tensor, weight: Tensor, chosen: Tensor) -> None:
        """values: (n, ...) at a site; weight: (n,); chosen: numbers of units."""
        last = hidden.units_last(info, values)
        examples = 0 if info.batch_first else 1
        shape = [1] * (last.dim() - 1)
        shape[examples] = len(weight)
        each = weight.view(shape).expand(last.shape[:-1]).reshape(-1, 1).double()
        x = last.reshape(-1, last.shape[-1]).double()
        self._zeros += float((each * (x == 0)).sum())
        self._total += float((each * x).sum())
        self._values += float(each.sum()) * x.shape[1]
        self._weight += float(each.sum())
        x = x[:, chosen]
        self._sum = self._sum + (each * x).sum(0)
        self._products = self._products + x.t() @ (each * x)

    def found(self) -> Mapping[str, float]:
        mean, squares = torch.as_tensor(self._sum / self._weight), torch.as_tensor(self._products / self._weight)
        covariance = squares - torch.outer(mean, mean)
        variance = covariance.diagonal()
        varies = variance > FLAT * squares.diagonal()
        return {
            "unit_correlation": _correlation(covariance[varies][:, varies]),
            "effective_rank": _effective_rank(covariance) if bool(varies.any()) else float("nan"),
            "activation_sparsity": self._zeros / self._values,
            "mean_activation": self._total / self._values,
        }


def _correlation(covariance: Tensor) -> float:
    """Mean absolute correlation of different units; NaN of fewer than two."""
    units, deviation = len(covariance), covariance.diagonal().sqrt()
    sizes = (covariance / torch.outer(deviation, deviation)).abs()
    return float("nan") if units < 2 else float((sizes.sum() - sizes.diagonal().sum()) / (units * (units - 1)))


def _effective_rank(covariance: Tensor) -> float:
    """Effective rank of the centred values: their singular values are the square roots of these eigenvalues, scaled."""
    singular = torch.linalg.eigvalsh(covariance).clamp(min=0).sqrt()
    shares = singular / singular.sum()
    return float(torch.special.entr(shares).sum().exp())


def _chosen(key: Tensor, units: int) -> Tensor:
    if units <= MOST_UNITS:
        return torch.arange(units, device=key.device)
    return Noise(key).uniform((units,)).argsort()[:MOST_UNITS]
