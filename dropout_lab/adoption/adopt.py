"""A network as its author wrote it, made to train here: its dropouts are sites, its answer is a tensor."""

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dropout_lab.adoption import attention, inserted, modules, recurrent
from dropout_lab.adoption.functional import Call, Recorder, Replay
from dropout_lab.core.errors import UserError
from dropout_lab.sites.site import Site, sites

PREFIX = "network."
"""Before the names of the author's parameters in an `Adopted`."""


class Adopted(nn.Module):
    """The author's network, whose functional dropouts are `calls`, in the order in which forward makes them.

    Shape: (batch, *input_shape) -> (batch, outputs): of a tuple or list the first, of a dict or an object its logits.
    """

    def __init__(self, network: nn.Module, calls: Sequence[Site]) -> None:
        super().__init__()
        self.network, self.calls = network, nn.ModuleList(calls)

    def forward(self, x: Tensor) -> Any:
        if not len(self.calls):
            return answer(self.network(x))
        with Replay(list(self.calls)) as replay:
            output = self.network(x)
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
    """The network with sites in the places of its dropouts, and behind the modules that `insert` names.

    `example`: a batch of one example. A network that has sites itself keeps them. Sites are named by the path of the
    module: of one that drops, its own; of a function, the module in whose forward it is called, several there numbered;
    of attention `<path>.attention`, between the layers of a recurrent module `<path>.<number>`. Raises UserError for
    dropouts that cannot be reached.
    """
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
    modules.replace(network, lambda path: path)
    inserted.insert(network, insert)
    adopted = Adopted(network, _functional(network, example))
    _name_kinds(adopted, example)
    _check_in_place(adopted, example)
    return adopted


def _is_sited(module: nn.Module) -> bool:
    return isinstance(module, attention.SitedAttention | recurrent.Sited)


def _functional(network: nn.Module, example: Tensor) -> list[Site]:
    """A site for each functional dropout of a pass in training mode, in the order of the calls."""
    tried = copy.deepcopy(network).train()  # a pass changes the statistics of batch norms
    recorder = Recorder(tried)
    with recorder.watching(), torch.no_grad():
        tried(torch.cat([example] * 2))
    taken = set(sites(network))
    names = [_name(call) for call in recorder.calls]
    several, number = Counter(names), Counter[str]()
    found = []
    for call, name in zip(recorder.calls, names, strict=True):
        own_name = name
        if several[name] > 1 or name in taken:
            own_name = f"{name}.{number[name]}"
            number[name] += 1
        site = Site(own_name, kind="weights" if call.is_attention else "units")
        site.own, site.in_place = call.own, call.in_place
        found.append(site)
    return found


def _name(call: Call) -> str:
    if call.is_attention:
        return f"{call.module}.attention".lstrip(".")
    return call.module or "dropout"


def _name_kinds(network: nn.Module, example: Tensor) -> None:
    """Tell steps of sequences, (steps, features), from units: methods for maps do not act there."""
    found: dict[Site, Tensor] = {}
    observed = [module for module in network.modules() if isinstance(module, Site)]
    for site in observed:
        site.observer = found.setdefault  # type: ignore[assignment]
    was = network.training
    try:
        with torch.no_grad():
            network.eval()(example)
    finally:
        network.train(was)
        for site in observed:
            site.observer = None
    for site, values in found.items():
        channels = site.own is not None and site.own.method in ("spatial", "feature_alpha")
        if site.kind == "units" and values.dim() == 3 and not channels:
            site.kind = site.reader.kind = "sequence"


def _check_in_place(network: nn.Module, example: Tensor) -> None:
    """Raises UserError for a dropout in place whose result nobody reads: a site gives a new tensor."""
    places = [module for module in network.modules() if isinstance(module, Site) and module.in_place]
    if not places:
        return
    tried = copy.deepcopy(network).eval()
    made: dict[str, Tensor] = {}

    def scale(site: nn.Module, arguments: Any, output: Tensor) -> Tensor:
        assert isinstance(site, Site)
        made[site.name] = torch.ones((), requires_grad=True)
        return output * made[site.name]

    for module in tried.modules():
        if isinstance(module, Site) and module.in_place:
            module.register_forward_hook(scale)
    output = tried(example)
    grads = torch.autograd.grad(output.float().sum(), list(made.values()), allow_unused=True)
    for name, grad in zip(made, grads, strict=True):
        if grad is None:
            raise UserError(
                f"{name}: a dropout changes its input in place, and its result is not used; write x = dropout(x)"
            )
