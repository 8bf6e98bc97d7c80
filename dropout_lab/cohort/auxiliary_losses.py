"""The terms that methods add to the training loss, penalties and passes under chosen masks, and what they learn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import grad

from dropout_lab.cohort.recipe import Structure
from dropout_lab.core.mask_streams import Noise
from dropout_lab.core.tokens import NO_CLASS
from dropout_lab.models import survey
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractAdversarialDropout, AbstractDropout, AbstractLearnedDropout, Training
from dropout_lab.sites.site import Site, sites

ADVERSARY = 1 << 15
"""The number of the first pass under chosen masks; a loss numbers its own passes from 0."""

Masks = Mapping[str, Tensor]
"""Path of a site -> its mask, (batch, ...)."""


class Asked(nn.Module):
    """A model that answers another question than `forward`, under given parameters and buffers.

    Their names begin with PREFIX here.
    """

    PREFIX = "model."

    def __init__(self, model: nn.Module, ask: Callable[..., Any]) -> None:
        super().__init__()
        self.model, self._ask = model, ask

    def forward(self, *given: Any) -> Any:
        return self._ask(self.model, *given)


@dataclass(frozen=True)
class Adversary:
    """A method that chooses masks, with its sites, whose masks are chosen together."""

    method: AbstractAdversarialDropout
    infos: Mapping[str, SiteInfo]
    """By the site's path."""

    def weight(self, progress: Tensor, rates: Mapping[str, Tensor]) -> Tensor:
        """The weight of the distance; 0 where no site of the method drops."""
        drops = torch.stack([rates[path] for path in self.infos]).amax() > 0
        return torch.where(drops, self.method.weight(progress), 0.0)

    def chosen(
        self, distance: Callable[[Masks], Tensor], batch: int, rates: Mapping[str, Tensor], keys: Mapping[str, Tensor]
    ) -> Masks:
        """Masks with a larger distance than the drawn ones, chosen by its gradient to these."""
        masks = {
            path: self.method.mask((batch, *info.shape), rates[path], Noise(keys[path]))
            for path, info in self.infos.items()
        }
        for _ in range(self.method.iterations):
            gradients = grad(distance)(masks)
            masks = {
                path: self.method.chosen(mask, gradients[path].detach(), rates[path]) for path, mask in masks.items()
            }
        return masks


class AuxiliaryLosses:
    """Auxiliary losses of the methods at the sites; usually none."""

    def __init__(self, structure: Structure, model: nn.Module) -> None:
        """model: a model of the structure with its methods installed."""
        found: dict[str, tuple[str, AbstractDropout]] = {
            path: (name, structure.dropout[name]) for name, path in sites(model).items() if name in structure.dropout
        }
        self._learned = {
            path: (name, method) for path, (name, method) in found.items() if isinstance(method, AbstractLearnedDropout)
        }
        adversarial = {
            path: method for path, (_, method) in found.items() if isinstance(method, AbstractAdversarialDropout)
        }
        self.is_any = bool(self._learned or adversarial)
        """Whether something is added to the loss."""
        infos: Mapping[str, SiteInfo] = {}
        if self.is_any:
            with torch.random.fork_rng(devices=[]):
                surveyed = survey.site_infos(structure.build().eval(), structure.dataset.example())
            infos = {info.site: info for info in surveyed}
        self._infos = {path: infos[name] for path, (name, _) in found.items() if name in infos}
        self._examples = len(structure.dataset.split(0).train) if self.is_any else 0
        self.adversaries = [
            Adversary(method, {path: self._infos[path] for path, its in adversarial.items() if its is method})
            for method in dict.fromkeys(adversarial.values())
        ]

    def penalty(self, model: nn.Module, progress: Tensor) -> Tensor:
        """The sum of the sites' penalties; for `Asked`."""
        total, training = torch.zeros_like(progress), Training(self._examples, progress)
        for path, (_, method) in self._learned.items():
            site = _site(model, path)
            total = total + method.penalty(self._infos[path], site.reader, site.rate, training)
        return total

    def measured(self, model: nn.Module) -> Mapping[str, Tensor]:
        """`<what>/<site>` -> its value, without dimensions; for `Asked`."""
        values: dict[str, Tensor] = {}
        for path, (name, method) in self._learned.items():
            site = _site(model, path)
            values |= {f"{what}/{name}": value for what, value in method.measured(site.reader, site.rate).items()}
        return values


def divergence(p: Tensor, q: Tensor, y: Tensor, task: str) -> Tensor:
    """KL(p || q) of the classes' probabilities, or the squared difference in a regression: the mean over the batch.

    For sequences it is the mean over the positions whose target `y` is a class; for several labels or outputs, the mean
    over them.
    """
    if task == "regression":
        return F.mse_loss(q, p)
    if task == "multilabel":
        has = F.logsigmoid(p).exp() * (F.logsigmoid(p) - F.logsigmoid(q))
        lacks = F.logsigmoid(-p).exp() * (F.logsigmoid(-p) - F.logsigmoid(-q))
        return (has + lacks).mean()
    p, q = F.log_softmax(p, -1), F.log_softmax(q, -1)
    each = (p.exp() * (p - q)).sum(-1)
    if task == "token_classification":
        asked = y != NO_CLASS
        each = (each * asked).sum(1) / asked.sum(1)
    return each.mean()


def _site(model: nn.Module, path: str) -> Site:
    return cast(Site, model.get_submodule(path))
