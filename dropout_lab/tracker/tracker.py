"""The interface of trackers, and the runs that they log."""

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
    """The sweep whose runs are tracked. `id` stays the same when the sweep is continued."""

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
    """Swept settings, the label of the configuration, and `rates.<site>` of every site that drops."""
    about: Mapping[str, Value]
    """Trial, seed, attempt, and the reason if it failed or was pruned."""
    curves: Mapping[str, Mapping[int, float]]
    """Metric -> epoch, counted from 1 -> value. Accuracies are fractions, losses in the loss's own unit."""
    summary: Mapping[str, float]
    """The numbers of its record: the metrics at the best and at the last epoch, test metrics, seconds."""


class AbstractTracker(ABC):
    """A service. Its arguments are plain data; connections are made in `open`.

    `open` and `log` may raise any error of the service: `follow` reports it once and continues without the tracker.
    """

    package: ClassVar[str]
    """The package that must be importable."""
    extra: ClassVar[str]
    """The extra of dropout-lab that installs the package."""

    def check(self) -> None:
        """Raise UserError if the service's package is not installed."""
        if find_spec(self.package) is None:
            raise UserError(
                f"tracker={self.extra}: the package {self.package} is not installed; "
                f"pip install 'dropout-lab[{self.extra}]' (in a checkout: pip install -e '.[{self.extra}]') installs it"
            )

    @abstractmethod
    def open(self, sweep: TrackedSweep) -> Collection[str]:
        """Connect; return the ids of the sweep's runs that the service has completely, which are not logged again."""

    @abstractmethod
    def log(self, run: TrackedRun) -> None:
        """Write one complete run, replacing what an interruption left of it."""

    def close(self) -> None:  # noqa: B027 (most have nothing to close)
        """Release what `open` acquired."""
