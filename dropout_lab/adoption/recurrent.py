"""nn.LSTM, nn.GRU and nn.RNN written out, with sites between their layers: torch's own have no batching rule."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from dropout_lab.core.errors import UserError
from dropout_lab.models import fused
from dropout_lab.models.cells import CELLS, States
from dropout_lab.sites.info import Own
from dropout_lab.sites.method import carried_on
from dropout_lab.sites.site import Site


class Sited:
    """The forward of a sited recurrent module; mixed into torch's class, so that its parameters keep their names."""

    between: Sequence[Site]

    def forward(self: Any, x: Any, states: Any = None) -> Any:
        if isinstance(x, PackedSequence):
            raise UserError(
                "a recurrent module gets a packed sequence, whose lengths differ from batch to batch; give it padded"
                " ones, (batch, steps, features)"
            )
        is_batch = x.dim() == 3
        if not is_batch:
            x = x.unsqueeze(0)
        elif not self.batch_first:
            x = x.transpose(0, 1)
        count = self.num_layers * (2 if self.bidirectional else 1)
        sizes = [self.proj_size or self.hidden_size, self.hidden_size][: 2 if self.mode == "LSTM" else 1]
        zeros = [x.new_zeros(count, x.shape[0], size) for size in sizes]
        first = zeros if states is None else _listed(states)
        if not is_batch and states is not None:
            first = [one.unsqueeze(1) for one in first]
        last: list[States] = []
        for layer in range(self.num_layers):
            if layer:
                x = self.between[layer - 1](x)
            outputs = []
            for direction in range(2 if self.bidirectional else 1):
                number = len(last)
                made, ended = self._layer(x, tuple(one[number] for one in first), layer, backwards=direction == 1)
                outputs.append(made)
                last.append(ended)
            x = torch.cat(outputs, -1)
        ends = [torch.stack(parts) for parts in zip(*last, strict=True)]
        if not is_batch:
            x, ends = x.squeeze(0), [one.squeeze(1) for one in ends]
        elif not self.batch_first:
            x = x.transpose(0, 1)
        return x, tuple(ends) if self.mode == "LSTM" else ends[0]

    def _layer(self: Any, x: Tensor, states: States, layer: int, *, backwards: bool) -> tuple[Tensor, States]:
        """(batch, steps, features) -> outputs and the last states."""
        suffix = f"l{layer}{'_reverse' if backwards else ''}"
        weight, read = getattr(self, f"weight_ih_{suffix}"), getattr(self, f"weight_hh_{suffix}")
        zero = weight.new_zeros(weight.shape[0])
        bias, read_bias = (getattr(self, f"bias_{part}_{suffix}") if self.bias else zero for part in ("ih", "hh"))
        x = x.flip(1) if backwards else x
        project = getattr(self, f"weight_hr_{suffix}") if self.proj_size else None
        if self.mode == "LSTM" and project is None and fused.can_fuse(x):
            outputs, ended = fused.lstm(x, states, (weight, read, bias, read_bias))
            return outputs.flip(1) if backwards else outputs, ended
        made = []
        for now in nn.functional.linear(x, weight, bias).unbind(1):
            states = self._step(now, states, read, read_bias)
            if project is not None:  # Sak, Senior & Beaufays, 2014, arXiv:1402.1128
                states = nn.functional.linear(states[0], project), *states[1:]
            made.append(states[0])
        outputs = torch.stack(made, 1)
        return outputs.flip(1) if backwards else outputs, states

    def _step(self: Any, now: Tensor, states: States, weight: Tensor, bias: Tensor) -> States:
        def read(hidden: Tensor) -> Tensor:
            return nn.functional.linear(hidden, weight, bias)

        if self.mode == "RNN_RELU":
            return (torch.relu(now + read(states[0])),)
        cell = {"LSTM": "lstm", "GRU": "gru", "RNN_TANH": "elman"}[self.mode]
        return CELLS[cell].step(now, states, read, _plain, _plain)  # type: ignore[index]


def _plain(old: Tensor, kept: Tensor | None, added: Tensor) -> tuple[Tensor, Tensor]:
    new = carried_on(kept, added)
    return new, new


def _listed(states: Any) -> list[Tensor]:
    return list(states) if isinstance(states, tuple | list) else [states]


class SitedLSTM(Sited, nn.LSTM):
    """nn.LSTM, written out."""


class SitedGRU(Sited, nn.GRU):
    """nn.GRU, written out."""


class SitedRNN(Sited, nn.RNN):
    """nn.RNN, written out."""


CLASSES = {nn.LSTM: SitedLSTM, nn.GRU: SitedGRU, nn.RNN: SitedRNN}


def can_be_sited(module: nn.Module) -> bool:
    """Whether a module is torch's own recurrent one."""
    return isinstance(module, nn.RNNBase) and type(module) in CLASSES


def site_recurrent(module: nn.RNNBase, name: str) -> None:
    """Make it a written-out module with the sites `name`.0, `name`.1, ... between its layers."""
    sites = []
    for number in range(module.num_layers - 1):
        site = Site(f"{name}.{number}", kind="sequence")
        site.own = Own("standard", float(module.dropout), f"nn.{type(module).__name__}(dropout={module.dropout:g})")
        site.train(module.training)
        sites.append(site)
    module.__class__ = CLASSES[type(module)]
    module.between = nn.ModuleList(sites)
