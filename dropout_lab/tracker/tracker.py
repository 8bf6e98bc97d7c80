"""What a tracker is, and what it is given of a run."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Literal

from dropout_lab.core.errors import UserError

Value = bool | int | float | str


@dataclass(frozen=True)
class TrackedSweep:
    """The sweep whose runs are tracked. `id` stays the same however often the sweep is continued."""

    folder: Path
    name: str
    id: str


@dataclass(frozen=True)
class TrackedRun:
    """A finished run: a trial and a seed."""

    id: str
    """Unique in its sweep: the trial's key, the seed, the attempt."""
    name: str
    group: str
    """The key of its trial, which its seeds share."""
    status: Literal["complete", "pruned", "failed"]
    params: Mapping[str, Value]
    """What the sweep varied, the words of the configuration, and `rates.<site>` of every site that drops."""
    about: Mapping[str, Value]
    """Trial, seed, attempt, and the reason if it failed or was pruned."""
    curves: Mapping[str, Mapping[int, float]]
    """Metric -> epoch, counted from 1 -> value. Accuracies are fractions, losses in the loss's own unit."""
    summary: Mapping[str, float]
    """The numbers of its record: the metrics at the best and at the last epoch, test metrics, seconds."""


class AbstractTracker(ABC):
    """One service. Its arguments are plain data; what it opens, it opens in `open`.

    `open` and `log` may raise whatever the service raises: `follow` says so once and goes on without.
    """

    package: ClassVar[str]
    """What must be importable."""
    extra: ClassVar[str]
    """The extra of dropout-lab that installs it."""

    def check(self) -> None:
        """Raises UserError if the service's package is not installed."""
        if find_spec(self.package) is None:
            raise UserError(
                f"tracker={self.extra}: the package {self.package} is not installed; "
                f"pip install 'dropout-lab[{self.extra}]' (in a checkout: pip install -e '.[{self.extra}]') brings it"
            )

    @abstractmethod
    def open(self, sweep: TrackedSweep) -> Collection[str]:
        """Connects. Returns the ids of the sweep's runs that the service holds whole: they are not logged again."""

    @abstractmethod
    def log(self, run: TrackedRun) -> None:
        """Writes one run, whole. What an interruption left of the same run is replaced."""

    def close(self) -> None:  # noqa: B027 (most have nothing to close)
        """Lets go of what `open` opened."""
