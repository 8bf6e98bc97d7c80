"""Where a site is, for a method of dropout to judge whether it can act there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from torch import nn

Kind = Literal["units", "sequence", "tokens", "state", "cell", "weights", "heads", "layer"]
"""What stands at a site; shapes without the batch's axis.

units      the units of a layer, (features,), or a map of them, (channels, height, width)
sequence   those of every step, (steps, features)
tokens     numbers of words, (steps,), which the site's reader looks up
state      the hidden state of a recurrent layer, (units,), at every step: as it is carried on, and as the layer's
           recurrent product reads it
cell       the cell of an LSTM, (units,), at every step: how it is carried on, and what the step adds to it
weights    attention weights, (heads, steps, steps)
heads      what the heads of attention give, (heads, steps, features)
layer      what a whole layer makes of a sequence, its shortcut included, (steps, features)
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
"""What is carried on from step to step, or from layer to layer."""
STEPWISE: frozenset[Kind] = frozenset({"units", "sequence"})
"""Units, be it at one step or at every step of a sequence."""


@dataclass(frozen=True)
class SiteInfo:
    """Where a site is, for a method to judge whether it can act there."""

    site: str
    shape: tuple[int, ...]
    """Of one example's values."""
    activation: str | None
    """By name, the one whose output the values are; None if they are another layer's, a sum, or the input."""
    is_input: bool = False
    """Whether the values are the model's input."""
    source: type[nn.Module] | None = None
    """The class of the layer whose output the values are; None at the input, and if no layer gave them."""
    reader: type[nn.Module] | None = None
    """The class of the layer that alone reads the values; None if what reads them is no single layer."""
    next_activation: str | None = None
    """By name, that of the reader, if it directly follows the layer."""
    read_by: str | None = None
    """By name, the activation that alone and directly reads the values; None if it is something else that does."""
    is_branch: bool = False
    """Whether the values are added to others that came by a shortcut, as those of a residual block are."""
    products_to_batch_norm: int | None = None
    """How many linear layers or convolutions the values go through before a batch norm; None if they meet none."""
    drifts: bool = False
    """Whether, since the input or the last norm, more than linear layers and activations made the values: poolings,
    sums and convolutions, whose borders are zeros, change mean and variance."""
    kind: Kind = "units"
    calls: int = 1
    """How often a pass through the network calls the site; all else is of the first time."""
    keeps: bool = False
    """Whether the values are a state of which a part is kept at every step, as an LSTM's cell and a GRU's state are."""

    @property
    def is_map(self) -> bool:
        """Whether the values are channels of something, rather than one vector."""
        return self.kind == "units" and len(self.shape) > 1


class Warned(NamedTuple):
    """What is unwise about a method at a site."""

    method: str
    site: str
    advice: str
