"""Dropouts that change their input in place: a site gives a new tensor, which all that follow must read."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from dropout_lab.core.errors import UserError
from dropout_lab.sites.site import Site


class _Readers(TorchFunctionMode):
    """Notes the sites whose input a function reads after them."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[tuple[str, Tensor]] = []
        self.read: set[str] = set()

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        tensors = [one for one in (*args, *(kwargs or {}).values()) if isinstance(one, Tensor)]
        self.read |= {name for name, given in self.given if any(one is given for one in tensors)}
        return function(*args, **(kwargs or {}))


def check_in_place(network: nn.Module, example: Tensor) -> None:
    """Raises UserError for a dropout in place whose result nobody reads, or whose input is read after it."""
    if not any(isinstance(module, Site) and module.in_place for module in network.modules()):
        return
    tried = copy.deepcopy(network).eval()
    made: dict[str, Tensor] = {}
    with _Readers() as readers:

        def scale(name: str) -> Callable[..., Tensor]:
            def hook(module: nn.Module, arguments: Any, output: Tensor) -> Tensor:
                made[name] = torch.ones((), requires_grad=True)
                scaled = output * made[name]
                readers.given.append((name, arguments[0]))
                return scaled

            return hook

        for module in tried.modules():
            if isinstance(module, Site) and module.in_place:
                module.register_forward_hook(scale(module.name))
        output = tried(example)
    grads = torch.autograd.grad(output.float().sum(), list(made.values()), allow_unused=True)
    unused = {name for name, grad in zip(made, grads, strict=True) if grad is None}
    for name in made:
        if name in unused | readers.read:
            said = "its result is not used" if name in unused else "its input is read after it"
            raise UserError(f"{name}: a dropout changes its input in place, and {said}; write x = dropout(x)")
