"""What is unwise for several methods of dropout at a site; a method's `advice` asks here."""

from dropout_lab.sites.info import SiteInfo


def pixel_by_pixel(info: SiteInfo) -> str | None:
    """Of methods that treat every value of a map by itself (Tompson et al., 2015, arXiv:1411.4280, section 3.2)."""
    if info.is_map and not info.is_input:
        return "a pixel's neighbours in its channel still say what it said: take dropout=spatial, or dropblock"
    return None


def only_channel(info: SiteInfo) -> str | None:
    """Of methods that drop whole channels."""
    if info.shape[0] == 1:
        return "there is one channel, so it is all of the example that is dropped: take dropout=standard, or dropblock"
    return None


SHORT = 0.8
"""What drops less than this share of its rate falls clearly short of it."""


def all_of(*reasons: str | None) -> str | None:
    """Several pieces of advice as one; None if there is none among them."""
    return "; also, ".join(reason for reason in reasons if reason is not None) or None
