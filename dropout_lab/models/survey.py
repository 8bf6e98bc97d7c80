"""The places of a model's sites, found by sending an example through the model."""

import copy
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, UntypedStorage, nn

from dropout_lab.core.errors import UserError
from dropout_lab.core.torch_private import TorchBatchNorm
from dropout_lab.models.activations import Activation
from dropout_lab.models.layers import PRODUCTS, BatchNorm, LayerNorm, StepNorm
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.site import Site

NORMS = (BatchNorm, LayerNorm, StepNorm, TorchBatchNorm, nn.LayerNorm)


@dataclass(frozen=True)
class _Call:
    """A call of a layer or a site, with the memory of its input and of its output.

    Memory identifies values: an operation that only reshapes returns the memory that it reads; any other allocates.
    References are kept, so that no later tensor gets the same memory.
    """

    module: nn.Module
    read: UntypedStorage
    given: UntypedStorage | None = None


def site_infos(model: nn.Module, example: Tensor) -> Sequence[SiteInfo]:
    """What stands at a model's sites, in the order in which an example meets them in evaluation mode.

    What an author wrote may drop in training mode alone, or on other values: such sites follow those that come before
    them in training mode, or are the last. Raises UserError for a site that is called several times with values of
    different shapes.
    """
    evaluated = {info.site: info for info in _met(model, example)}
    own = [module for module in model.modules() if isinstance(module, Site) and module.own is not None]
    if not own:
        return tuple(evaluated.values())
    with torch.random.fork_rng(devices=[]):
        met = _met(copy.deepcopy(model).train(), torch.cat([example] * 2))  # batch norm needs two
    trained = {info.site: info for info in met}
    order = list(evaluated)
    for before, site in itertools.pairwise([None, *trained]):
        if site not in evaluated:
            order.insert(0 if before is None else order.index(before) + 1, str(site))
    found = [replace(evaluated.get(site) or trained[site], **_times(site, trained, evaluated)) for site in order]
    others = [site for site in own if site.met is not None and site.name not in order]
    return (*found, *(_seen_elsewhere(site) for site in others))


def _times(site: str, trained: Mapping[str, SiteInfo], evaluated: Mapping[str, SiteInfo]) -> dict[str, Any]:
    calls, times = (found[site].calls if site in found else 0 for found in (trained, evaluated))
    return {"calls": calls, "evaluated": times}


def _seen_elsewhere(site: Site) -> SiteInfo:
    """A site that other examples, or other weights, meet."""
    return SiteInfo(
        site=site.name,
        shape=site.met or (),
        activation=None,
        is_branch=site.is_branch,
        kind=site.kind,
        own=site.own,
        batch_first=site.batch_first,
        evaluated=0,
    )


def _met(model: nn.Module, example: Tensor) -> Sequence[SiteInfo]:
    """What stands at the sites that an example meets, in the order in which it does."""
    calls: list[_Call] = []
    shapes: dict[int, tuple[int, ...]] = {}
    first: dict[Site, int] = {}
    times: Counter[Site] = Counter()

    def enter(site: Site, values: Tensor) -> None:
        shape = tuple(values.shape[1:])
        times[site] += 1
        if site not in first:
            first[site] = len(calls)
            shapes[first[site]] = shape
            calls.append(_Call(site, values.untyped_storage()))
        elif shape != shapes[first[site]]:
            raise UserError(
                f"model: forward calls the site {site.name} with values of the shape {shapes[first[site]]}, then of"
                f" {shape}; give each place a Site of its own"
            )

    def leave(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
        if (
            not list(module.children())
            and arguments
            and isinstance(arguments[0], Tensor)
            and isinstance(output, Tensor)
        ):
            calls.append(_Call(module, arguments[0].untyped_storage(), output.untyped_storage()))

    observed = [module for module in model.modules() if isinstance(module, Site)]
    for site in observed:
        site.observer = enter
    hooks = [module.register_forward_hook(leave) for module in model.modules()]
    example = example.to(next(model.parameters()).device)
    try:
        with torch.no_grad():
            model(example)
    finally:
        for hook in hooks:
            hook.remove()
        for site in observed:
            site.observer = None
    found = []
    for index, shape in shapes.items():
        module, read = calls[index].module, calls[index].read
        assert isinstance(module, Site)
        source = _giver(calls[:index], read)
        layer, following = module.reader.layer, module.reader.activation
        found.append(
            SiteInfo(
                site=module.name,
                shape=shape,
                activation=source.module.name if source and isinstance(source.module, Activation) else None,
                is_input=read is example.untyped_storage(),
                source=type(source.module) if source else None,
                reader=None if isinstance(layer, nn.Identity) else type(layer),
                next_activation=following.name if isinstance(following, Activation) else None,
                read_by=_read_by(calls[index + 1 :], read),
                is_branch=module.is_branch,
                products_to_batch_norm=_products_to_batch_norm(calls[index + 1 :], read),
                kind=module.kind,
                keeps=module.keeps,
                own=module.own,
                batch_first=module.batch_first,
                calls=times[module],
                drifts=_drifts(calls[:index], read, example.untyped_storage()),
            )
        )
    return tuple(found)


def _giver(calls: Sequence[_Call], values: UntypedStorage) -> _Call | None:
    """The call that gave the values, not one that only passed them on; None for the input and for a sum."""
    return next((call for call in calls if call.given is values and call.read is not values), None)


def _read_by(calls: Sequence[_Call], values: UntypedStorage) -> str | None:
    readers = [call.module for call in calls if call.read is values and call.given not in (None, values)]
    module = readers[0] if len(readers) == 1 else None
    return module.name if isinstance(module, Activation) else None


def _drifts(calls: Sequence[_Call], values: UntypedStorage, example: UntypedStorage) -> bool:
    while values is not example:
        giver = _giver(calls, values)
        if giver is not None and isinstance(giver.module, NORMS):
            return False
        if giver is None or not isinstance(giver.module, Activation | nn.Linear):
            return True
        values = giver.read
    return False


def _products_to_batch_norm(calls: Sequence[_Call], values: UntypedStorage) -> int | None:
    products = 0
    for call in calls:
        if call.read is not values or call.given is None:
            continue
        if isinstance(call.module, BatchNorm | TorchBatchNorm):
            return products
        products += isinstance(call.module, PRODUCTS)
        values = call.given
    return None
