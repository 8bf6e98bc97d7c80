"""The description of a site, from which a method of dropout judges whether it can act there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from torch import nn

Kind = Literal["units", "sequence", "tokens", "state", "cell", "weights", "heads", "layer"]
"""What stands at a site; shapes without the batch axis.

units      the units of a layer, (features,), or a map of them, (channels, height, width)
sequence   the units of every step, (steps, features)
tokens     numbers of words, (steps,), which the site's reader looks up
state      the hidden state of a recurrent layer, (units,), at every step: how it is carried on, and how the layer's
           recurrent product reads it
cell       the cell of an LSTM, (units,), at every step: how it is carried on, and what the step adds to it
weights    attention weights, (heads, steps, steps)
heads      the outputs of attention heads, (heads, steps, features)
layer      the output of a whole layer for a sequence, including its shortcut, (steps, features)
"""
KINDS: Mapping[Kind, str] = {
    "units": "the units of a layer",
    "sequence": "the units of a layer at every step",
    "tokens": "numbers of words",
    "state": "a recurrent layer's hidden state",
    "cell": "the cell of an LSTM",
    "weights": "attention weights",
    "heads": "attention heads",
    "layer": "whole layers",
}


UNITS: frozenset[Kind] = frozenset({"units"})
CARRIED: frozenset[Kind] = frozenset({"state", "cell", "layer"})
"""Values that are carried on from step to step, or from layer to layer."""
STEPWISE: frozenset[Kind] = frozenset({"units", "sequence"})
"""Units, with or without steps of a sequence."""


@dataclass(frozen=True)
class Own:
    """A dropout as the network's author wrote it. `method`: the member of conf/dropout/ that does the same."""

    method: str
    rate: float
    written: str
    """In the author's words, e.g. `nn.Dropout(p=0.5)`."""
    in_evaluation: bool = False
    """Whether it drops in evaluation mode too, as F.dropout(x) does; a site does not."""


@dataclass(frozen=True)
class SiteInfo:
    """What stands at a site, and what is before and behind it in the network."""

    site: str
    shape: tuple[int, ...]
    """The shape of one example's values."""
    activation: str | None
    """The name of the activation whose output the values are; None for other layers' outputs, sums and the input."""
    is_input: bool = False
    """Whether the values are the model's input."""
    source: type[nn.Module] | None = None
    """The class of the layer whose output the values are; None for the input and for sums."""
    reader: type[nn.Module] | None = None
    """The class of the only layer that reads the values; None if no single layer does."""
    next_activation: str | None = None
    """The name of the activation that directly follows the reader; None if none does."""
    read_by: str | None = None
    """The name of the activation that alone and directly reads the values; None if another module does."""
    is_branch: bool = False
    """Whether the values are added to those of a shortcut, as in a residual block."""
    products_to_batch_norm: int | None = None
    """Linear layers and convolutions between the values and the next batch norm; None if no batch norm follows."""
    drifts: bool = False
    """Whether the values passed more than linear layers and activations since the input or the last norm: poolings,
    sums and convolutions, whose borders are zeros, change mean and variance."""
    kind: Kind = "units"
    calls: int = 1
    """Calls of the site in a pass through the network, in training mode; everything else describes the first call."""
    evaluated: int = 1
    """Calls of the site in a pass in evaluation mode."""
    keeps: bool = False
    """Whether the values are a state of which each step keeps a part, as an LSTM's cell or a GRU's state."""
    batch_first: bool = True
    """Whether the first axis of the values is that of the examples."""
    settings: frozenset[str] = frozenset()
    """The keys of the model's section, such as `norm`, if it is a model of this package: advice names no others."""
    own: "Own | None" = None
    """The dropout that the network's author wrote there; None for a place without one."""

    @property
    def is_map(self) -> bool:
        """Whether the values have channels, rather than being one vector."""
        return self.kind == "units" and len(self.shape) > 1


class Warned(NamedTuple):
    """A warning about a method at a site."""

    method: str
    site: str
    advice: str
