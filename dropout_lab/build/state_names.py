"""The names that a network's author gave its tensors, those of its `state_dict`, where the network has been adopted."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from dropout_lab.core.errors import UserError

State = Mapping[str, Any]
"""What `state_dict(keep_vars=True)` gives: a network's tensors themselves, by its author's names."""

ATTRIBUTE = "author_names"


def state(network: nn.Module) -> State:
    """The author's names, and what they stand for."""
    return dict(network.state_dict(keep_vars=True))


def named(network: nn.Module, own: State) -> nn.Module:
    """The network, which keeps its author's names of `own`, though it has been adopted since."""
    now: dict[int, str] = {}
    for name, tensor in (
        *network.named_parameters(remove_duplicate=False),
        *network.named_buffers(remove_duplicate=False),
    ):
        now.setdefault(id(tensor), name)
    names = {name: now.get(id(tensor)) if isinstance(tensor, Tensor) else None for name, tensor in own.items()}
    setattr(network, ATTRIBUTE, names)
    return network


def author_names(network: nn.Module) -> Mapping[str, str]:
    """The author's name -> the name of the same parameter or buffer in `network`; tied ones have one name there.

    Raises UserError for an entry of the `state_dict` that is neither, whose end of a training is not known.
    """
    names: Mapping[str, str | None] = getattr(network, ATTRIBUTE)
    others = [name for name, now in names.items() if now is None]
    if others:
        raise UserError(
            f"its state_dict has {', '.join(others)}, which is no parameter or buffer of it, so its weights cannot be"
            " kept; leave out trainer.keep"
        )
    return {name: now for name, now in names.items() if now is not None}
