"""A network as its author wrote it, made to train here: its dropouts are sites, its answer is a tensor."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from dropout_lab.adoption import attention, inserted, modules, recurrent, weight_norm
from dropout_lab.adoption.contents import check_contents
from dropout_lab.adoption.copies import copied
from dropout_lab.adoption.extend import OURS, extend, hidden
from dropout_lab.adoption.functional import Call
from dropout_lab.adoption.in_place import check_in_place
from dropout_lab.adoption.kinds import name_kinds
from dropout_lab.adoption.places import name_paths
from dropout_lab.adoption.recorder import Seen, seen, tried
from dropout_lab.adoption.replay import Replay, count_turns, refuse
from dropout_lab.core.errors import UserError
from dropout_lab.core.torch_private import without_checkpoints
from dropout_lab.sites.site import Site, sites

PLACES = "_dropout_lab_places"
"""The attribute of a network that has the numbers of its functional dropouts' sites."""


class Adopted:
    """The forward of a network whose functional dropouts are sites.

    Mixed into the class of the author's network. Shape: (batch, *input_shape) -> (batch, outputs): of a tuple or list
    the first, of a dict or an object its logits.
    """

    def forward(self: Any, x: Tensor) -> Any:
        calls = getattr(self, f"{OURS}calls", ())
        with hidden(self), without_checkpoints(), Replay(self.__dict__[PLACES], calls):
            return answer(super().forward(x))  # type: ignore[misc]


def answer(output: Any) -> Any:
    """The tensor that a network answers with; the output itself where none is found."""
    if isinstance(output, Tensor):
        return output
    if isinstance(output, Mapping):
        return output.get("logits", output)
    if isinstance(getattr(output, "logits", None), Tensor):
        return output.logits
    if isinstance(output, tuple | list) and output and isinstance(output[0], Tensor):
        return output[0]
    return output


def adopt(network: nn.Module, example: Tensor, insert: Sequence[str] = (), found: Seen | None = None) -> nn.Module:
    """The network itself, with sites in the places of its dropouts, and behind the modules that `insert` names.

    `example`: a batch of one example. found: what passes through networks of this class have shown (`discover`); None:
    those of two examples through this one. A network that has sites itself keeps them. Sites are named by the path of
    the module: of one that drops, its own; of a function, the module in whose forward it is called, several there
    numbered; of attention `<path>.attention`, between the layers of a recurrent module `<path>.<number>`. Raises
    UserError for dropouts that cannot be reached.
    """
    _prepare(network)
    if found is None:
        found = seen([tried(copied(network), [torch.cat([example] * 2)])])
    modules.put_sites(network, found.drawing)
    _note_unmet(network, found)
    placed = inserted.insert(network, insert)
    calls = _functional(found, set(sites(network)))
    extend(network, Adopted, **({"calls": nn.ModuleList(calls)} if calls else {}))
    network.__dict__[PLACES] = {key: number for number, key in enumerate(found.calls)}
    count_turns(network, {place.module for place, _ in found.calls})
    name_kinds(network, example, placed)
    check_in_place(network, example)
    return network


def discover(networks: Iterable[nn.Module], batches: Sequence[Tensor]) -> Seen:
    """What passes of these batches in both modes show of networks of one class, which are spoilt by them.

    Several networks and batches take more branches on values. Raises UserError as `adopt`, and where forward raises.
    """
    trials = []
    for network in networks:
        _prepare(network)
        trials.append(tried(network, batches))
    return seen(trials)


def _prepare(network: nn.Module) -> None:
    """Put sites in the places of the dropouts of modules that are known."""
    check_contents(network)
    # torch's own fast path of a transformer's encoder skips its modules.
    torch.backends.mha.set_fastpath_enabled(False)
    for path, module in list(network.named_modules()):
        where = path or "network"
        if attention.can_be_sited(module):
            assert isinstance(module, nn.MultiheadAttention)
            attention.site_attention(module, f"{where}.attention")
        elif recurrent.can_be_sited(module):
            assert isinstance(module, nn.RNNBase)
            recurrent.site_recurrent(module, where)
        elif isinstance(module, nn.RNNBase | nn.MultiheadAttention) and module.dropout > 0 and not _is_sited(module):
            raise UserError(
                f"{where}: nn.{type(module).__name__}(dropout={module.dropout:g}) drops inside of torch, where no rate"
                " reaches it; set its dropout to 0, and put nn.Dropout between layers of your own"
            )
    weight_norm.write_out(network)
    network.train()  # a part that stays in evaluation mode drops nothing: its sites have the rate 0
    active = {path: part for path, part in network.named_modules() if part.training}
    modules.put_sites(network, {path: modules.own_of(part) for path, part in active.items()})
    name_paths(network)


def _is_sited(module: nn.Module) -> bool:
    return isinstance(module, attention.SitedAttention | recurrent.Sited)


def _note_unmet(network: nn.Module, found: Seen) -> None:
    """Give the author's dropout modules the shapes that passes have met there, and let the others say so if called.

    By the number of dimensions torch's modules drop units, channels or whole examples.
    """
    for path, module in network.named_modules():
        if isinstance(module, Site) and module.own is not None:
            shape = found.met.get(path, found.met.get(modules.path_of(path)))
            if shape is not None:
                modules.note_shape(network.get_submodule(modules.path_of(path)), shape)
            if module.own.rate > 0:
                module.met = shape
                if shape is None:
                    module.register_forward_pre_hook(refuse)


def _functional(found: Seen, taken: Collection[str]) -> list[Site]:
    """A site for each functional dropout, in the order of the calls. taken: names that other sites have."""
    names = [_name(call, taken) for call in found.calls.values()]
    several, number = Counter(names), Counter[str]()
    made = []
    for (key, call), name in zip(found.calls.items(), names, strict=True):
        own_name = name
        while (several[name] > 1 and own_name == name) or own_name in taken:
            own_name = f"{name}.{number[name]}"
            number[name] += 1
        is_branch = call.own.method == "stochastic_depth"
        site = Site(own_name, kind="weights" if call.is_attention else "units", is_branch=is_branch)
        rate = call.own.rate if call.drops else 0.0  # F.dropout(x, p, training=False)
        site.own = replace(call.own, rate=rate, in_evaluation=key in found.in_evaluation)
        site.in_place, site.met = call.in_place, call.shape
        made.append(site)
    return made


def _name(call: Call, taken: Collection[str]) -> str:
    """The module's path, or `<path>.forward` where another site has that name, or a number below it."""
    if call.is_attention:
        return f"{call.place.module}.attention".lstrip(".")
    name = call.place.module or "dropout"
    if any(other == name or re.fullmatch(rf"{re.escape(name)}\.\d+", other) for other in taken):
        return f"{call.place.module}.forward".lstrip(".")
    return name
