"""Advice that several methods of dropout share."""

from torch import nn

from dropout_lab.sites.info import SiteInfo


def pixel_by_pixel(info: SiteInfo) -> str | None:
    """Advice for methods that drop single values of a map (Tompson et al., 2015, arXiv:1411.4280, section 3.2)."""
    is_signal = len(info.shape) > 2 or info.source is nn.Conv1d  # else it may be tokens x features
    if info.is_map and is_signal and not info.is_input:
        return "a pixel's neighbours in its channel still say what it said: take dropout=spatial, or dropblock"
    return None


def only_channel(info: SiteInfo) -> str | None:
    """Advice for methods that drop whole channels."""
    if info.shape[0] == 1:
        return "there is one channel, so it is all of the example that is dropped: take dropout=standard, or dropblock"
    return None


SHORT = 0.8
"""A method that drops less than this share of its rate falls clearly short of it."""


def all_of(*reasons: str | None) -> str | None:
    """Several pieces of advice joined; None if there are none."""
    return "; also, ".join(reason for reason in reasons if reason is not None) or None
