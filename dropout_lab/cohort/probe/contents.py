"""Whether a user's network is made of what can be trained here: its parameters, buffers and modules."""

import torch
from torch import nn

from dropout_lab.core.errors import UserError
from dropout_lab.core.torch_private import TorchDropout
from dropout_lab.sites.site import sites

FEW = 3
"""Modules that a message names."""


def check_contents(network: nn.Module) -> None:
    """Raises UserError for parameters and modules that cannot be trained as written."""
    trained = {name: param for name, param in network.named_parameters() if param.requires_grad}
    if not trained:
        raise UserError("it has no parameters that require a gradient, so there is nothing to train")
    for name, param in trained.items():
        if param.dtype != torch.float32:
            kind = str(param.dtype).removeprefix("torch.")
            raise UserError(
                f"the parameter {name} is {kind}, but parameters are trained as float32; leave the conversion out"
                " (trainer.precision=bfloat16 computes products in bfloat16)"
            )
    for name, value in (*network.named_parameters(), *network.named_buffers()):
        if value.device.type != "cpu":
            raise UserError(f"its constructor puts {name} on {value.device}; leave that to device=...")
    try:
        sites(network)
    except ValueError as error:
        raise UserError(f"{error}; give each a name of its own") from None
    drawing = [f"{path or 'itself'}: {text}" for path, part in network.named_modules() if (text := _drawing(part))]
    if drawing:
        more = f" and {len(drawing) - FEW} more" if len(drawing) > FEW else ""
        raise UserError(
            f"modules of torch draw noise of their own in training ({', '.join(drawing[:FEW])}{more}). No rate of"
            ' dropout-lab reaches it, and "no dropout" would contain it. Put dropout_lab.sites.Site("a name") in the'
            " place of a dropout, and set p or dropout to 0 where it is an argument"
        )


def _drawing(part: nn.Module) -> str | None:
    """The description of a module of torch that is random in training; None for any other."""
    kind = f"nn.{type(part).__name__}"
    if isinstance(part, TorchDropout) and part.p > 0:
        return f"{kind}(p={part.p:g})"
    if isinstance(part, nn.RNNBase | nn.MultiheadAttention) and part.dropout > 0:
        return f"{kind}(dropout={part.dropout:g})"
    return kind if isinstance(part, nn.RReLU | nn.FractionalMaxPool2d | nn.FractionalMaxPool3d) else None
