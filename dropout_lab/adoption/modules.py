"""Modules that drop: each is replaced by a site of the same place."""

import re
from collections.abc import Mapping

import torch
from torch import nn

from dropout_lab.adoption import by_trial
from dropout_lab.sites.info import Own
from dropout_lab.sites.site import Site

METHODS: Mapping[type[nn.Module], str] = {
    nn.Dropout: "standard",
    nn.Dropout1d: "spatial",
    nn.Dropout2d: "spatial",
    nn.Dropout3d: "spatial",
    nn.AlphaDropout: "alpha",
    nn.FeatureAlphaDropout: "feature_alpha",
}
"""torch's modules, and the methods of conf/dropout/ that do the same."""

PATH = re.compile(r"drop_?path|stochastic_?depth", re.IGNORECASE)
"""Names of classes that drop residual branches, as timm's and torchvision's do."""


def own_of(module: nn.Module) -> Own | None:
    """What a module drops; None if it is no module of torch that drops, nor a known one of others."""
    name = type(module).__name__
    for kind, method in METHODS.items():
        if type(module) is kind:
            rate = float(module.p)  # type: ignore[arg-type]
            return Own(method, rate, f"nn.{name}(p={rate:g})")
    if PATH.search(name) and not list(module.children()) and not by_trial.has_tensors(module):
        for attribute in ("drop_prob", "p", "drop_path_prob", "drop_path"):
            given = getattr(module, attribute, None)
            if isinstance(given, int | float) and not isinstance(given, bool):
                own = Own("stochastic_depth", float(given), f"{name}({attribute}={given:g})")
                return own if _is_confirmed(module, own) else None
    return None


def _is_confirmed(module: nn.Module, own: Own) -> bool:
    """Whether a module does what its class's name says: others scale otherwise, or have one gate for a batch."""
    x = torch.linspace(-3, 3, 2 * 4 * 9).view(2, 4, 3, 3)
    if own.rate == 0:
        return by_trial.is_identity(module, x)
    found = by_trial.own_of(module, (x,), x)
    return found is not None and found.method == own.method and abs(found.rate - own.rate) < 1e-4


def replace(network: nn.Module, own: Mapping[str, Own | None]) -> None:
    """Put sites in the places of modules that drop, by path; a module that is held twice is one site."""
    made: dict[int, Site] = {}
    for path, module in list(network.named_modules(remove_duplicate=False)):
        what = own.get(path)
        if what is not None and path and id(module) not in made:
            site = Site(path, is_branch=what.method == "stochastic_depth")
            site.own, site.in_place = what, bool(getattr(module, "inplace", False))
            site.train(module.training)
            for name, value in vars(module).items():
                if not hasattr(site, name):
                    setattr(site, name, value)  # such as p, which another module may read
            for kind in ("_forward_hooks", "_forward_pre_hooks"):
                getattr(site, kind).update(getattr(module, kind))
            made[id(module)] = site
        if id(module) in made:
            network.set_submodule(path, made[id(module)])
