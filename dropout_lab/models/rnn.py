"""A recurrent network for sequences, with sites between its layers and between its steps."""

from collections.abc import Sequence
from math import sqrt
from typing import cast

import torch
from torch import Tensor, nn

from dropout_lab.config.bounds import Count
from dropout_lab.models import fused
from dropout_lab.models.cells import CELLS, CellName, States
from dropout_lab.models.sequences import Steps
from dropout_lab.sites.reader import Reader
from dropout_lab.sites.site import Site


class Gates(nn.Linear):
    """The product of all gates of a layer; its outputs are those of one gate after another."""

    def __init__(self, features: int, units: int, gates: int) -> None:
        super().__init__(features, gates * units)
        self.gates = gates
        bound = 1 / sqrt(units)  # as torch.nn.LSTM has it, by the units and not by what a gate reads
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)


class Layer(nn.Module):
    """One recurrent layer, with the site `recurrent.<k>` at its hidden state, and of an LSTM `cell.<k>` at its cell.

    Methods that change values act at `recurrent` on what the recurrent product reads of the state, not on what the
    layer gives, and at `cell` on what a step adds, not on what is kept; others on how the state is carried on.
    """

    def __init__(self, cell: CellName, units: int, number: int) -> None:
        super().__init__()
        self.cell, self.units = CELLS[cell], units
        reader = Reader(Gates(units, units, self.cell.gates))
        self.recurrent = Site(f"recurrent.{number}", reader, kind="state", keeps=cell == "gru")
        self.cell_site = Site(f"cell.{number}", kind="cell", keeps=True) if self.cell.states == 2 else None

    def can_fuse(self, below: Site, x: Tensor) -> bool:
        """Whether `forward_fused` serves, for an input of `below`, the site under the layer."""
        sites = [self.recurrent, *([self.cell_site] if self.cell_site else [])]
        nothing_acts_between = all(site.dropout is None and site.observer is None for site in sites)
        return self.cell is CELLS["lstm"] and nothing_acts_between and below.acts_before and fused.can_fuse(x)

    def forward_fused(self, below: Site, x: Tensor, states: States, padding: Tensor | None) -> tuple[Tensor, States]:
        """As `forward` of what `below`, the site under the layer, makes of x, (batch, steps, features), in one call of
        torch's library."""
        entry, recurrent = cast(Gates, below.reader.layer), cast(Gates, self.recurrent.reader.layer)
        weights = entry.weight, recurrent.weight, entry.bias, recurrent.bias
        outputs, last = fused.lstm(below.values(x), states, weights)
        if padding is None:
            return outputs, last
        # Padding stands behind: what is before it is right, and nobody reads what it gives itself, nor the last cell.
        lengths = padding.logical_not().sum(1).view(-1, 1, 1)
        hidden = outputs.gather(1, (lengths - 1).clamp(min=0).expand(-1, 1, self.units)).squeeze(1)
        return outputs, (torch.where(lengths.squeeze(1) > 0, hidden, states[0]), last[1])

    def forward(self, x: Tensor, states: States, padding: Tensor | None) -> tuple[Tensor, States]:
        """x: (batch, steps, gates x units), what the gates get from below -> (batch, steps, units), last states.

        At padding, (batch, steps), the states stay as they are.
        """
        count = x.shape[1]
        reads = self.recurrent.steps(count, states[0])
        updates = self.recurrent.updates(count, states[0])
        cell_updates = updates if self.cell_site is None else self.cell_site.updates(count, states[1])
        outputs = []
        # Not x[:, step]: its gradient would be a tensor as large as x for every step.
        for step, now in enumerate(x.unbind(1)):
            new = self.cell.step(now, states, reads[step], updates[step], cell_updates[step])
            if padding is not None:
                there = padding[:, step].unsqueeze(1)
                new = tuple(torch.where(there, old, changed) for old, changed in zip(states, new, strict=True))
            states = new
            outputs.append(states[0])
        return torch.stack(outputs, 1), states


class RNN(nn.Module):
    """LSTM, GRU or Elman's network (`cell`): `depth` layers of `width` units, then a linear head.

    Sites: `embedding` at tokens, `input` before the first layer, `recurrent.<k>` and of an LSTM `cell.<k>` in layer k,
    `layer.<k>` between it and the next one, `output` before the head. The head reads the last state, or, if
    `per_position`, that of every place. With `is_stream`, a batch begins with the states that the one before ended with
    (`state`), and gradients end there: truncated backpropagation through time.

    Shape: (batch, *input_shape) -> (batch, outputs), or (batch, steps, outputs).
    """

    carried: Sequence[str] = ()
    state: Tensor

    def __init__(
        self,
        *,
        input_shape: Sequence[int],
        outputs: int,
        vocabulary: int | None = None,
        per_position: bool = False,
        is_stream: bool = False,
        cell: CellName = "lstm",
        width: Count = 64,
        depth: Count = 1,
        embedding: Count = 64,
    ) -> None:
        super().__init__()
        self.steps = Steps("rnn", input_shape, vocabulary, embedding)
        self.per_position = per_position
        names = ["input", *(f"layer.{number}" for number in range(depth - 1))]
        sizes = [self.steps.features, *[width] * (depth - 1)]
        gates = CELLS[cell].gates
        self.between = nn.ModuleList(
            Site(name, Reader(Gates(size, width, gates)), kind="sequence")
            for name, size in zip(names, sizes, strict=True)
        )
        self.layers = nn.ModuleList(Layer(cell, width, number) for number in range(depth))
        head = Reader(nn.Linear(width, outputs))
        self.output = Site("output", head, kind="sequence" if per_position else "units")
        shape = 1, depth, CELLS[cell].states, width
        if is_stream:
            self.carried = ("state",)
        self.register_buffer("state", torch.zeros(shape), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        padding = self.steps.is_padding(x)
        y = self.steps(x)
        before = self.state.expand(len(x), -1, -1, -1).clone()  # for it is overwritten below
        after = []
        for number, (site, layer) in enumerate(zip(self.between, self.layers, strict=True)):
            old = before[:, number].unbind(1)
            assert isinstance(site, Site)
            assert isinstance(layer, Layer)
            if layer.can_fuse(site, y):
                y, states = layer.forward_fused(site, y, old, padding)
            else:
                y, states = layer(site(y), old, padding)
            after.append(torch.stack(states, 1))
        if self.carried and len(self.state) == len(x):
            with torch.no_grad():
                self.state.copy_(torch.stack(after, 1))
        read: Tensor = self.output(y if self.per_position else states[0])
        return read
