"""Copies of a network, for passes that change it."""

import copy

from torch import nn

from dropout_lab.core.errors import UserError


def copied(network: nn.Module) -> nn.Module:
    """A copy. Raises UserError, with the attribute, for a network that cannot be copied."""
    try:
        return copy.deepcopy(network)
    except Exception as error:  # of any attribute of the author's
        reason = str(error).splitlines()[0].removesuffix(".")
        raise UserError(
            f"it cannot be copied{_where(network)}: {reason}. A tensor that the constructor computes from parameters"
            " must be computed in forward; a lock, a file or a generator must be made outside of the network"
        ) from error


def _where(network: nn.Module) -> str:
    for path, module in network.named_modules():
        for name, value in vars(module).items():
            if name in ("_modules", "forward"):  # which hold modules
                continue
            try:
                copy.deepcopy(value)
            except Exception:
                return f", for its attribute {path}.{name}".replace(" .", " ")
    return ""
