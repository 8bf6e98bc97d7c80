"""What a command asks for, as plain data that travels to the workers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from dropout_lab.core.trial import Config
from dropout_lab.sweeper.space import Axis


class Compose(Protocol):
    """Values of the axes -> the config; see `dropout_lab.sweeper.variants.Variants`."""

    @property
    def groups(self) -> Mapping[str, str]: ...
    def __call__(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]: ...
    def active(self, values: Mapping[str, Any]) -> dict[str, Any]: ...
    def whole(self, values: Mapping[str, Any]) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Plan:
    """One sweep command."""

    folder: Path
    config: Config
    """The settings, resolved; a swept key has any one of its values here."""
    choices: Mapping[str, str]
    """The names of the settings' members of the config groups."""
    axes: Sequence[Axis]
    compose: Compose
    objectives: Sequence[str]
    device: str
    workers: int
    session: int
    """The number of earlier commands in this folder."""
    keys: frozenset[str] | None = None
    """Keys of a grid's cells: other trials that wait in the folder's study are not this command's."""

    def asks_for(self, axis: Axis, values: Mapping[str, Any]) -> bool:
        """Whether the axis has a meaning beside the members of config groups in `values`: not all have its key."""
        groups = self.compose.groups
        return axis.key in groups or axis.key in self.compose.active({**values, axis.key: axis.corners()[0]})

    @property
    def seeds(self) -> int:
        return int(self.config["seeds"])

    @property
    def n_trials(self) -> int | None:
        n: int | None = self.config["n_trials"]
        return n
