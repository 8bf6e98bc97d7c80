"""Modules that drop: each calls a site in the place of its own forward."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MethodType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dropout_lab.adoption import by_trial
from dropout_lab.adoption.extend import OURS
from dropout_lab.adoption.functional import METHODS, method_of
from dropout_lab.sites.info import Own
from dropout_lab.sites.site import Site

FUNCTIONS: Mapping[type[nn.Module], Callable[..., Any]] = {
    nn.Dropout: F.dropout,
    nn.Dropout1d: F.dropout1d,
    nn.Dropout2d: F.dropout2d,
    nn.Dropout3d: F.dropout3d,
    nn.AlphaDropout: F.alpha_dropout,
    nn.FeatureAlphaDropout: F.feature_alpha_dropout,
}
"""torch's modules, and the functions that they call."""

SITE = f"{OURS}site"
"""The name of the site among the children of a module that drops."""

PATH = re.compile(r"drop_?path|stochastic_?depth", re.IGNORECASE)
"""Names of classes that drop residual branches, as timm's and torchvision's do."""


def own_of(module: nn.Module) -> Own | None:
    """What a module drops; None if it is no module of torch that drops, nor a known one of others."""
    name = type(module).__name__
    if has_site(module):
        return None
    if type(module) in FUNCTIONS:
        rate = float(module.p)  # type: ignore[arg-type]
        return Own(METHODS[FUNCTIONS[type(module)]][0], rate, f"nn.{name}(p={rate:g})")
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


def put_sites(network: nn.Module, own: Mapping[str, Own | None]) -> None:
    """Have modules that drop, by path, call a site of that name in the place of their own forward.

    They stay what they are, of their class and with their attributes and hooks: the author's code may ask for these.
    """
    for path, module in list(network.named_modules()):
        what = own.get(path)
        if what is not None and path:
            site = Site(path, is_branch=what.method == "stochastic_depth")
            site.own, site.in_place = what, bool(getattr(module, "inplace", False))
            site.train(module.training)
            module.add_module(SITE, site)
            module.__dict__["forward"] = MethodType(_forward, module)


def note_shape(module: nn.Module, shape: tuple[int, ...]) -> None:
    """Give the site of a module of torch the method that torch has for values of the shape of one example."""
    function = FUNCTIONS.get(type(module))
    site = module._modules.get(SITE)
    if function is not None and isinstance(site, Site) and site.own is not None:
        site.own = replace(site.own, method=method_of(function, len(shape) + 1))
        site.is_branch = site.own.method == "stochastic_depth"


def has_site(module: nn.Module) -> bool:
    """Whether a module is a dropout of the author's that `put_sites` has given a site."""
    return SITE in module._modules


def path_of(site_path: str) -> str:
    """The path of the author's module that has the site of a path; the site's own if none has it."""
    return site_path.removesuffix(f".{SITE}")


def _forward(module: nn.Module, *arguments: Tensor, **named: Tensor) -> Tensor:
    (x,) = (*arguments, *named.values())
    dropped: Tensor = module.get_submodule(SITE)(x)
    return dropped
