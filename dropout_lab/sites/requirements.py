"""What a method of dropout requires in order to act at a site."""

from dataclasses import dataclass

from dropout_lab.sites.info import UNITS, Kind


@dataclass(frozen=True)
class Requirements:
    """What a method requires of the site, of the run and of the trainer; the defaults suit most methods."""

    kinds: frozenset[Kind] = UNITS
    """What may stand at the site."""
    single_call: bool = False
    """The network calls the site only once in a pass."""
    constant_rate: bool = False
    """The rate is the same throughout the training, and the method is made for it: its argument `rate`. So it is where
    the rate decides shapes."""
    pretraining: bool = False
    """The network has been trained before."""
    own_program: bool = False
    """Only sites that drop have the method, because it takes much longer than the network alone, also at rate 0. Each
    placement is then a program of its own."""
