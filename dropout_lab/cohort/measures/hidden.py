"""The sites at which hidden units can be seen and changed, and which axis of their values the units are."""

from collections.abc import Sequence

from torch import Tensor

from dropout_lab.sites.info import STEPWISE, SiteInfo


def hidden(infos: Sequence[SiteInfo]) -> Sequence[SiteInfo]:
    """The sites of hidden units: the units of a layer, its channels, or its units at every step.

    Not the input, nor what a recurrent layer carries on, attention weights, heads and whole layers.
    """
    return [
        info for info in infos if info.kind in STEPWISE and not info.is_input and (info.batch_first or _steps(info))
    ]


def units(info: SiteInfo) -> int:
    """The number of units at a site; a channel of a map is one."""
    return info.shape[-1] if _steps(info) else info.shape[0]


def units_last(info: SiteInfo, values: Tensor) -> Tensor:
    """A view of a site's values, (batch, ...), whose last axis is that of the units."""
    return values if _steps(info) else values.movedim(1, -1)


def units_back(info: SiteInfo, values: Tensor) -> Tensor:
    """The inverse of `units_last`."""
    return values if _steps(info) else values.movedim(-1, 1)


def objection(infos: Sequence[SiteInfo]) -> str | None:
    """Why no hidden units can be seen."""
    if hidden(infos):
        return None
    return (
        "the network has no site of hidden units; it works at the units of a layer, its channels, or its units at every"
        " step: put sites there, say with sites.insert=[NAME OF A LAYER]"
    )


def _steps(info: SiteInfo) -> bool:
    return info.kind == "sequence"
