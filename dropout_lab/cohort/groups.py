"""Groups of parameters with a learning rate or a weight decay of their own, as torch's optimizers have them."""

from collections.abc import Mapping

from dropout_lab.cohort.optim import Hyper, of_group
from dropout_lab.cohort.stack import Layout
from dropout_lab.config.patterns import OVERRIDES, matching


class Groups:
    """The groups of an optimizer over the parameters of a layout; those of dropout methods are in none."""

    def __init__(self, layout: Layout, groups: Mapping[str, Mapping[str, float]]) -> None:
        """groups: pattern -> the names of what it overrides. A parameter is in one of them at most."""
        self._layout = layout
        first = {name: name for name in layout.trained}
        first |= {further: name for further, name in layout.ties.items() if name in first}
        self._own: dict[str, dict[str, str]] = {}
        for name in OVERRIDES:
            found = [
                (at, of_group(pattern, name))
                for pattern, given in groups.items()
                if name in given
                for at in matching(pattern, first)
            ]
            if found:
                self._own[name] = {first[at]: number for at, number in found}

    def spread(self, hyper: Hyper) -> Hyper:
        """The hyperparameters; those that a group overrides as (size,), a value for each parameter."""
        return {
            **hyper,
            **{
                name: self._layout.spread({at: hyper[number] for at, number in own.items()}, hyper[name])
                for name, own in self._own.items()
            },
        }
