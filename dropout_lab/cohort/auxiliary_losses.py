"""What dropout methods add to a training loss, penalties and passes under chosen masks, and what they have learned."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import grad

from dropout_lab.cohort.recipe import Structure
from dropout_lab.core.noise import Noise
from dropout_lab.core.tokens import NO_CLASS
from dropout_lab.models import survey
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import AbstractAdversarialDropout, Training
from dropout_lab.sites.site import Site, sites

ADVERSARY = 1 << 15
"""The number of the first pass under chosen masks; a loss numbers its own from 0."""

Masks = Mapping[str, Tensor]
"""Path of a site -> its mask, (batch, ...)."""


class Asked(nn.Module):
    """A model that is asked something else than what it gives for an input, under given parameters and buffers.

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
    """A method that chooses masks, and the sites that have it: these masks are chosen together."""

    method: AbstractAdversarialDropout
    infos: Mapping[str, SiteInfo]
    """By the site's path."""

    def weight(self, progress: Tensor, rates: Mapping[str, Tensor]) -> Tensor:
        """That of the distance; 0 where no site of the method drops."""
        drops = torch.stack([rates[path] for path in self.infos]).amax() > 0
        return torch.where(drops, self.method.weight(progress), 0.0)

    def chosen(
        self, distance: Callable[[Masks], Tensor], batch: int, rates: Mapping[str, Tensor], keys: Mapping[str, Tensor]
    ) -> Masks:
        """Masks under which the distance is larger than under those that are drawn, by its gradient to these."""
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
        """model: the structure's, with its methods installed."""
        found = {name: path for name, path in sites(model).items() if name in structure.dropout}
        methods = structure.dropout
        self._penalised = [path for name, path in found.items() if methods[name].is_penalised]
        self._measured = {
            name: path for name, path in found.items() if methods[name].initial(_site(model, path).reader)
        }
        adversarial = {
            path: method
            for name, path in found.items()
            if isinstance(method := methods[name], AbstractAdversarialDropout)
        }
        self.is_any = bool(self._penalised or adversarial)
        """Whether something is added to the loss."""
        self._infos: Mapping[str, SiteInfo] = {}
        self._examples = 0
        if self.is_any:
            with torch.random.fork_rng(devices=[]):
                surveyed = survey.site_infos(structure.build().eval(), structure.dataset.example())
            self._infos = {found[info.site]: info for info in surveyed if info.site in found}
            self._examples = len(structure.dataset.split(0).train)
        self.adversaries = [
            Adversary(method, {path: self._infos[path] for path, its in adversarial.items() if its is method})
            for method in dict.fromkeys(adversarial.values())
        ]

    def penalty(self, model: nn.Module, progress: Tensor) -> Tensor:
        """The sum of the sites' penalties; for `Asked`."""
        total = torch.zeros_like(progress)
        for path in self._penalised:
            site = _site(model, path)
            assert site.dropout is not None
            training = Training(self._examples, progress)
            total = total + site.dropout.penalty(self._infos[path], site.reader, site.rate, training)
        return total

    def measured(self, model: nn.Module) -> Mapping[str, Tensor]:
        """`<what>/<site>` -> its value, without dimensions; for `Asked`."""
        values: dict[str, Tensor] = {}
        for name, path in self._measured.items():
            site = _site(model, path)
            assert site.dropout is not None
            values |= {f"{what}/{name}": value for what, value in site.dropout.measured(site.reader, site.rate).items()}
        return values


def divergence(p: Tensor, q: Tensor, y: Tensor, task: str) -> Tensor:
    """KL(p || q) of the classes' probabilities, or the squared difference: the mean over the batch.

    Of a sequence, the mean of the places where targets `y` ask for a class.
    """
    if task == "regression":
        return F.mse_loss(q, p)
    p, q = F.log_softmax(p, -1), F.log_softmax(q, -1)
    each = (p.exp() * (p - q)).sum(-1)
    if task == "token_classification":
        asked = y != NO_CLASS
        each = (each * asked).sum(1) / asked.sum(1)
    return each.mean()


def _site(model: nn.Module, path: str) -> Site:
    return cast(Site, model.get_submodule(path))
