"""A network as its author wrote it, made to train here: its dropouts are sites, its answer is a tensor."""

import copy
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from dropout_lab.adoption import attention, by_trial, inserted, modules, recurrent, weight_norm
from dropout_lab.adoption.contents import check_contents
from dropout_lab.adoption.extend import OURS, extend, hidden
from dropout_lab.adoption.functional import Call, Recorder, Replay
from dropout_lab.adoption.in_place import check_in_place
from dropout_lab.adoption.kinds import name_kinds
from dropout_lab.core.blame import described, is_ours
from dropout_lab.core.errors import UserError
from dropout_lab.sites.site import Site, sites


class Adopted:
    """The forward of a network whose functional dropouts are sites, in the order in which it calls them.

    Mixed into the class of the author's network. Shape: (batch, *input_shape) -> (batch, outputs): of a tuple or list
    the first, of a dict or an object its logits.
    """

    def forward(self: Any, x: Tensor) -> Any:
        calls = getattr(self, f"{OURS}calls", None)
        with hidden(self):
            if calls is None:
                return answer(super().forward(x))  # type: ignore[misc]
            with Replay(list(calls)) as replay:
                output = super().forward(x)  # type: ignore[misc]
        replay.finished()
        return answer(output)


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


def adopt(network: nn.Module, example: Tensor, insert: Sequence[str] = ()) -> nn.Module:
    """The network itself, with sites in the places of its dropouts, and behind the modules that `insert` names.

    `example`: a batch of one example. A network that has sites itself keeps them. Sites are named by the path of the
    module: of one that drops, its own; of a function, the module in whose forward it is called, several there numbered;
    of attention `<path>.attention`, between the layers of a recurrent module `<path>.<number>`. Raises UserError for
    dropouts that cannot be reached.
    """
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
    modules.replace(network, {path: modules.own_of(part) for path, part in active.items()})
    seen = _seen(network, example, training=True)
    drawing = {path: by_trial.own_of(network.get_submodule(path), *given) for path, given in seen.drawing.items()}
    modules.replace(network, drawing)
    placed = inserted.insert(network, insert)
    calls = _functional(seen.calls, _seen(network, example, training=False).calls, set(sites(network)))
    extend(network, Adopted, **({"calls": nn.ModuleList(calls)} if calls else {}))
    name_kinds(network, example, placed)
    check_in_place(network, example)
    return network


def _is_sited(module: nn.Module) -> bool:
    return isinstance(module, attention.SitedAttention | recurrent.Sited)


def _seen(network: nn.Module, example: Tensor, *, training: bool) -> Recorder:
    """What a pass of two examples does. Raises UserError where forward raises."""
    try:
        tried = copy.deepcopy(network).train(training)  # a pass changes the statistics of batch norms
    except RuntimeError as error:
        raise UserError(
            f"it cannot be copied: {str(error).splitlines()[0]} The old torch.nn.utils.weight_norm cannot be, and"
            " torch.nn.utils.parametrizations.weight_norm can"
        ) from error
    recorder = Recorder(tried)
    try:
        with recorder.watching(), torch.no_grad():
            tried(torch.cat([example] * 2))
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        if is_ours(error):
            raise
        raise UserError(
            f"forward raises in {'training' if training else 'evaluation'} mode: {described(error)}"
        ) from error
    return recorder


def _functional(calls: Sequence[Call], evaluated: Sequence[Call], taken: Collection[str]) -> list[Site]:
    """A site for each functional dropout of a pass in training mode, in the order of the calls.

    evaluated: the calls in evaluation mode. taken: names that other sites have.
    """
    names = [_name(call, taken) for call in calls]
    several, number = Counter(names), Counter[str]()
    drops = [call.drops for call in evaluated] if len(evaluated) == len(calls) else [False] * len(calls)
    found = []
    for call, name, in_evaluation in zip(calls, names, drops, strict=True):
        own_name = name
        while (several[name] > 1 and own_name == name) or own_name in taken:
            own_name = f"{name}.{number[name]}"
            number[name] += 1
        site = Site(own_name, kind="weights" if call.is_attention else "units")
        rate = call.own.rate if call.drops else 0.0  # F.dropout(x, p, training=False)
        site.own, site.in_place = replace(call.own, rate=rate, in_evaluation=in_evaluation), call.in_place
        found.append(site)
    return found


def _name(call: Call, taken: Collection[str]) -> str:
    """The module's path, or `<path>.forward` where another site has that name, or a number below it."""
    if call.is_attention:
        return f"{call.module}.attention".lstrip(".")
    name = call.module or "dropout"
    if any(other == name or re.fullmatch(rf"{re.escape(name)}\.\d+", other) for other in taken):
        return f"{call.module}.forward".lstrip(".")
    return name
