"""Sites that a user puts behind, or before, modules of a network: `sites.insert`."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from torch import Tensor, nn

from dropout_lab.adoption.extend import OURS, extend, hidden
from dropout_lab.adoption.modules import has_site
from dropout_lab.core.errors import UserError
from dropout_lab.sites.site import Site

BEFORE = ":before"

MOST_NAMED = 40
"""The most modules that a message lists."""


class Inserted:
    """The forward of a module with sites around it; mixed into the module's class."""

    def forward(self: Any, *arguments: Any, **named: Any) -> Any:
        before, behind = (getattr(self, f"{OURS}{place}", None) for place in ("before", "behind"))
        if before is not None:
            if not arguments or not isinstance(arguments[0], Tensor):
                raise UserError(f"sites.insert={before.name.removesuffix('.before')}{BEFORE}: {NO_TENSOR}")
            arguments = before(arguments[0]), *arguments[1:]
        with hidden(self):
            output = super().forward(*arguments, **named)  # type: ignore[misc]
        return output if behind is None else _dropped(behind, output)


NO_TENSOR = "the module's first argument is no tensor"


def _dropped(site: Site, output: Any) -> Any:
    """What a module gives, with the site behind it; of a tuple, behind its first."""
    if isinstance(output, Tensor):
        return site(output)
    if isinstance(output, tuple) and output and isinstance(output[0], Tensor):
        return (site(output[0]), *output[1:])
    raise UserError(f"sites.insert={site.name}: the module gives a {type(output).__name__}, not a tensor")


def insert(network: nn.Module, patterns: Sequence[str]) -> frozenset[str]:
    """Put a site behind every module whose path a pattern names, or before it with `:before`; returns their names.

    Its name is the module's path, with `.before` where it stands before. Raises UserError for a pattern that names no
    module, and for a module that has no forward, or is a dropout itself, which is a site already.
    """
    ours = {id(part) for site in network.modules() if isinstance(site, Site) for part in site.modules() if part != site}
    paths = {
        path: module for path, module in network.named_modules() if path and OURS not in path and id(module) not in ours
    }
    able = [path for path, module in paths.items() if not (_is_site(module) or _is_list(module))]
    names = set()
    for pattern in patterns:
        is_before, plain = pattern.endswith(BEFORE), pattern.removesuffix(BEFORE)
        named = [path for path in able if fnmatchcase(path, plain)]
        if not named:
            raise UserError(f"sites.insert={pattern}: {_why_none(paths, able, plain)}")
        for path in named:
            site = Site(f"{path}.before" if is_before else path)
            site.train(paths[path].training)
            extend(paths[path], Inserted, **{"before" if is_before else "behind": site})
            names.add(site.name)
    return frozenset(names)


def _is_site(module: nn.Module) -> bool:
    return isinstance(module, Site) or has_site(module)


def _is_list(module: nn.Module) -> bool:
    return isinstance(module, nn.ModuleList | nn.ModuleDict)


def _why_none(paths: dict[str, nn.Module], able: Sequence[str], pattern: str) -> str:
    for path, module in paths.items():
        if fnmatchcase(path, pattern):
            said = "is a site already" if _is_site(module) else "is a list, which forward does not call"
            return f"{path} {said}"
    more = " and more" if len(able) > MOST_NAMED else ""
    return f"names no module; the network's modules are {', '.join(able[:MOST_NAMED])}{more}"
