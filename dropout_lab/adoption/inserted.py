"""Sites that a user puts behind, or before, modules of a network: `sites.insert`."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from torch import Tensor, nn

from dropout_lab.core.errors import UserError
from dropout_lab.sites.site import Site

BEFORE = ":before"


def insert(network: nn.Module, patterns: Sequence[str]) -> None:
    """Put a site behind every module whose path a pattern names, or before it with `:before`.

    Its name is the module's path, with `.before` where it stands before. Raises UserError for a pattern that names no
    module, and for a module that gives, or takes, no tensor.
    """
    paths = [path for path, module in network.named_modules() if path and not isinstance(module, Site)]
    for pattern in patterns:
        is_before, plain = pattern.endswith(BEFORE), pattern.removesuffix(BEFORE)
        named = [path for path in paths if fnmatchcase(path, plain)]
        if not named:
            raise UserError(
                f"sites.insert={pattern}: names no module; the network's modules are {', '.join(paths[:40])}"
                f"{' and more' if len(paths) > 40 else ''}"
            )
        for path in named:
            _insert(network, path, before=is_before)


def _insert(network: nn.Module, path: str, *, before: bool) -> None:
    module = network.get_submodule(path)
    name = f"{path}.before" if before else path
    site = Site(name)
    site.train(module.training)
    module.add_module("site_before" if before else "site_behind", site)

    def ahead(owner: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        if not arguments or not isinstance(arguments[0], Tensor):
            raise UserError(f"sites.insert={path}{BEFORE}: the module's first argument is no tensor")
        return (owner.get_submodule("site_before")(arguments[0]), *arguments[1:])

    def behind(owner: nn.Module, arguments: Any, output: Any) -> Any:
        own = owner.get_submodule("site_behind")
        if isinstance(output, Tensor):
            return own(output)
        if isinstance(output, tuple) and output and isinstance(output[0], Tensor):
            return (own(output[0]), *output[1:])
        raise UserError(f"sites.insert={path}: the module gives a {type(output).__name__}, not a tensor")

    if before:
        module.register_forward_pre_hook(ahead)
    else:
        module.register_forward_hook(behind)
