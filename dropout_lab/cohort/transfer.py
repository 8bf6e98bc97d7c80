"""Transfer from a pretrained network: everything except the head."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from dropout_lab.core.errors import UserError


def carry_over(pretrained: Mapping[str, Tensor], model: nn.Module, outputs: int) -> None:
    """Copies the pretrained parameters and buffers into `model`, except into its head, which has `outputs` outputs."""
    head = _head(model, outputs)
    own = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    with torch.no_grad():
        for name, value in pretrained.items():
            if name.rpartition(".")[0] != head:
                own[name].copy_(value)


def check(pretrained: nn.Module, model: nn.Module, outputs: int) -> None:
    """Raises UserError if `model` cannot take over everything except its head."""
    head = _head(model, outputs)
    theirs = dict(pretrained.named_parameters())
    for name, value in model.named_parameters():
        if name.rpartition(".")[0] != head and value.shape != theirs[name].shape:
            raise UserError(
                f"trainer.pretrain_classes: {name} of the model depends on the number of classes, and is not its last"
                f" layer, {head}: it cannot be pretrained on other classes"
            )


def _head(model: nn.Module, outputs: int) -> str:
    """The path of the last layer with this many outputs."""
    found = [
        name.rpartition(".")[0]
        for name, value in model.named_parameters()
        if name.endswith("weight") and value.dim() > 1 and len(value) == outputs
    ]
    if not found:
        raise UserError("trainer.pretrain_classes: the model has no last layer that could begin anew for other classes")
    return found[-1]
