"""Whether a user's network is made of what can be trained here: its parameters, buffers and sites."""

import torch
from torch import nn

from dropout_lab.core.errors import UserError
from dropout_lab.sites.site import sites


def check_contents(network: nn.Module) -> None:
    """Raises UserError for parameters and sites that cannot be trained as written."""
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
    for path, module in network.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            raise UserError(
                f"{f'its module {path}' if path else 'it'} is compiled by TorchScript, whose dropouts cannot be"
                " reached; give the plain module"
            )
    try:
        sites(network)
    except ValueError as error:
        raise UserError(f"{error}; give each a name of its own") from None
