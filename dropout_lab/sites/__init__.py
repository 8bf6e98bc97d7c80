"""Sites, where dropout may act, and the interfaces of the methods that act there."""

from dropout_lab.sites.site import Site

__all__ = ["Site"]
