"""An LSTM's layer without dropout between its steps, and backpropagation through time written out.

Derived by autograd, the gradient of the recurrent weights is the sum of a small product for every step; here it is one
product over all steps, and each step's gates have one gradient.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def lstm(x: Tensor, weight: Tensor, bias: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """x: (batch, steps, 4 units), what the gates get from below; weight and bias: of the recurrent product; hidden and
    cell: (batch, units) -> the hidden states, (batch, steps, units), and the last cell."""
    given, last, *_ = _LSTM.apply(x, weight, bias, hidden, cell)  # type: ignore[no-untyped-call]
    return given, last


class _LSTM(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, ...]:
        gates, cells, states = [], [cell], [hidden]
        for now in x.unbind(1):
            entry, forget, candidate, exit_ = (now + F.linear(states[-1], weight, bias)).chunk(4, -1)
            open_ = torch.sigmoid(entry), torch.sigmoid(forget), torch.tanh(candidate), torch.sigmoid(exit_)
            cells.append(open_[1] * cells[-1] + open_[0] * open_[2])
            states.append(open_[3] * torch.tanh(cells[-1]))
            gates.append(torch.cat(open_, -1))
        # What the gradient needs must be given: nothing else may be kept for it under vmap.
        return torch.stack(states[1:], 1), cells[-1], torch.stack(gates, 1), torch.stack(cells, 1)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        _, weight, _, hidden, _ = inputs
        states, _, gates, cells = output
        ctx.mark_non_differentiable(gates, cells)
        ctx.save_for_backward(weight, hidden, states, gates, cells)

    @staticmethod
    def backward(ctx: Any, of_states: Tensor, of_cell: Tensor, *_: Any) -> tuple[Tensor, ...]:
        weight, hidden, states, gates, cells = ctx.saved_tensors
        of_hidden, changes = torch.zeros_like(hidden), []
        before, after = cells[:, :-1].unbind(1), torch.tanh(cells[:, 1:]).unbind(1)
        for step in reversed(range(gates.shape[1])):
            entry, forget, candidate, exit_ = gates[:, step].chunk(4, -1)
            of_hidden = of_hidden + of_states[:, step]
            of_cell = of_cell + of_hidden * exit_ * (1 - after[step].square())
            change = torch.cat(
                [
                    of_cell * candidate * entry * (1 - entry),
                    of_cell * before[step] * forget * (1 - forget),
                    of_cell * entry * (1 - candidate.square()),
                    of_hidden * after[step] * exit_ * (1 - exit_),
                ],
                -1,
            )
            changes.append(change)
            of_hidden, of_cell = change @ weight, of_cell * forget
        of_x = torch.stack(changes[::-1], 1)
        read = torch.cat([hidden.unsqueeze(1), states[:, :-1]], 1)
        flat = of_x.flatten(0, 1)
        return of_x, flat.t() @ read.flatten(0, 1), flat.sum(0), of_hidden, of_cell
