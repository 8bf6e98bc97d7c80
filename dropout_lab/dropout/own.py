"""The method that the network's author wrote at each site, and standard dropout at sites without one.

A config has one section for all sites: `build.site_methods` puts the author's in the place of this one, which by itself
is standard dropout. So records hold the methods that acted.
"""

from dropout_lab.dropout.standard import Standard


class Own(Standard):
    """What stands in a config for the author's methods."""
