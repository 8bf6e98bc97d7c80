"""The cells of recurrent networks, one step each, with the weights and equations of torch.nn.LSTM, GRU and RNN.

They are written out, for torch's own have no batching rule and no place for dropout between their steps.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from dropout_lab.sites.method import Update

States = tuple[Tensor, ...]
"""The hidden state, and of an LSTM the cell: (batch, units) each."""
Read = Callable[[Tensor], Tensor]
"""The recurrent product: (batch, units) -> (batch, gates x units)."""


def lstm(x: Tensor, states: States, read: Read, update: Update, update_cell: Update) -> States:
    """Hochreiter & Schmidhuber, 1997, with the forget gate of Gers, Schmidhuber & Cummins, 2000."""
    hidden, cell = states
    entry, forget, candidate, exit_ = (x + read(hidden)).chunk(4, -1)
    cell, shown = update_cell(cell, torch.sigmoid(forget) * cell, torch.sigmoid(entry) * torch.tanh(candidate))
    return update(hidden, None, torch.sigmoid(exit_) * torch.tanh(shown))[0], cell


def gru(x: Tensor, states: States, read: Read, update: Update, update_cell: Update) -> States:
    """Cho et al., 2014, arXiv:1406.1078, with the reset gate behind the recurrent product, as torch has it."""
    (hidden,) = states
    of_reset, of_mix, of_candidate = x.chunk(3, -1)
    reset, mix, candidate = read(hidden).chunk(3, -1)
    mix = torch.sigmoid(of_mix + mix)
    candidate = torch.tanh(of_candidate + torch.sigmoid(of_reset + reset) * candidate)
    return (update(hidden, mix * hidden, (1 - mix) * candidate)[0],)


def elman(x: Tensor, states: States, read: Read, update: Update, update_cell: Update) -> States:
    """Elman, 1990, with tanh."""
    (hidden,) = states
    return (update(hidden, None, torch.tanh(x + read(hidden)))[0],)


class Cell(NamedTuple):
    step: Callable[[Tensor, States, Read, Update, Update], States]
    gates: int
    states: int


CellName = Literal["lstm", "gru", "elman"]
"""The cells, as `model.cell` names them."""

CELLS: Mapping[CellName, Cell] = {"lstm": Cell(lstm, 4, 2), "gru": Cell(gru, 3, 1), "elman": Cell(elman, 1, 1)}
