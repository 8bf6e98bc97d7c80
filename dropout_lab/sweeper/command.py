"""A sweep or train command as the sweeper gets it from Hydra."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dropout_lab.sweeper.space import key_of


@dataclass(frozen=True)
class Command:
    """A command's overrides, and what its sweeper's config adds to them."""

    name: str
    """`sweep` or `train`."""
    overrides: Sequence[str]
    """Those of the command line."""
    params: Mapping[str, Any]
    """Swept keys of the sweeper's config -> values in the override grammar; the command line wins over them."""
    default_params: Mapping[str, Any]
    """The same for a sweep that sweeps nothing else."""

    @property
    def keys(self) -> frozenset[str]:
        """The keys that the command line gives."""
        return frozenset(map(key_of, self.overrides))

    @property
    def whole(self) -> Sequence[str]:
        """The overrides, those of `params` included."""
        return self.beside(self.params)

    def beside(self, params: Mapping[str, Any]) -> Sequence[str]:
        """The command line's overrides, and as overrides those of `params` whose keys it does not give."""
        keys = self.keys
        return [*self.overrides, *(f"{key}={value}" for key, value in params.items() if key not in keys)]
