"""What stands at a model's sites, found by sending an example of zeros through it."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dropout_lab.models.activations import Activation
from dropout_lab.sites import Place, Site


def places(model: nn.Module, input_shape: Sequence[int]) -> Sequence[Place]:
    """The places of a model's sites, in the order in which an example meets them."""
    found: list[Place] = []
    activation: str | None = None

    def look(module: nn.Module, arguments: tuple[Any, ...]) -> None:
        if isinstance(module, Site):
            layer, following = module.reader.layer, module.reader.activation
            found.append(
                Place(
                    site=module.name,
                    shape=tuple(arguments[0].shape[1:]),
                    activation=activation,
                    reader=None if isinstance(layer, nn.Identity) else type(layer),
                    next_activation=following.name if isinstance(following, Activation) else None,
                    is_branch=module.is_branch,
                )
            )

    def remember(module: nn.Module, arguments: tuple[Any, ...], output: Tensor) -> None:
        nonlocal activation
        if isinstance(module, Activation):
            activation = module.name

    hooks = [module.register_forward_pre_hook(look) for module in model.modules()]
    hooks += [module.register_forward_hook(remember) for module in model.modules()]
    device = next(model.parameters()).device
    with torch.no_grad():
        model(torch.zeros(1, *input_shape, device=device))
    for hook in hooks:
        hook.remove()
    return tuple(found)
