"""What stands at the sites of a network: by the shapes of their values, in passes of one example and of two."""

import torch
from torch import Tensor, nn

from dropout_lab.adoption.copies import copied
from dropout_lab.core.errors import UserError
from dropout_lab.sites.site import Site

CHANNELS = ("spatial", "feature_alpha")
"""Methods of authors that drop channels of maps."""


def name_kinds(network: nn.Module, example: Tensor, inserted: frozenset[str]) -> None:
    """Tell steps of sequences, (batch, steps, features), from units, and say where the batch is not the first axis.

    inserted: names of the user's sites. Raises UserError for one that forward does not meet.
    """
    once, twice = (_values(network, torch.cat([example] * count)) for count in (1, 2))
    if unmet := [name for name in inserted if name not in once]:
        raise UserError(f"sites.insert={unmet[0]}: forward does not call this module")
    maps = {module.out_channels for module in network.modules() if isinstance(module, nn.Conv1d)}
    for site in (module for module in network.modules() if isinstance(module, Site)):
        values = once.get(site.name)
        if values is None:
            continue
        site.batch_first = values.dim() == 0 or values.shape[0] < twice[site.name].shape[0]
        is_channels = site.own is not None and site.own.method in CHANNELS
        is_map = values.dim() == 3 and values.shape[1] in maps and values.shape[2] not in maps
        if site.kind == "units" and values.dim() == 3 and not is_channels and not is_map:
            site.kind = site.reader.kind = "sequence"


def _values(network: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """The values at the first call of each site in evaluation mode, by its name; the network stays as it is."""
    found: dict[str, Tensor] = {}

    def observe(site: Site, values: Tensor) -> None:
        found.setdefault(site.name, values)

    tried = copied(network).eval()
    for module in tried.modules():
        if isinstance(module, Site):
            module.observer = observe
    with torch.no_grad():
        tried(x)
    return found
