"""What a command asks for, as plain data that travels to the workers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from dropout_lab.cohort.recipe import Compile, Recipe, RunQueue
from dropout_lab.cohort.width import Widths, is_out_of_memory
from dropout_lab.core.trial import Config, Run, Trial
from dropout_lab.sites.info import Warned
from dropout_lab.sweep.space import Axis


class Compose(Protocol):
    """Values of the axes -> the config; see `dropout_lab.sweep.variants.Variants`."""

    @property
    def groups(self) -> Mapping[str, str]: ...
    def __call__(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]: ...
    def active(self, values: Mapping[str, Any]) -> dict[str, Any]: ...
    def whole(self, values: Mapping[str, Any]) -> dict[str, Any]: ...


class Described(Protocol):
    """What a config means; see `dropout_lab.build.train.Described`."""

    @property
    def trial(self) -> Trial: ...
    @property
    def structure(self) -> Config: ...
    @property
    def structure_without(self) -> Config: ...
    @property
    def label(self) -> Mapping[str, Any]: ...
    @property
    def warnings(self) -> Sequence[Warned]: ...


class Forecast(Protocol):
    """How a cohort would be trained; see `dropout_lab.cohort.programs.Forecast`."""

    @property
    def width(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def why(self) -> str: ...


class Trainer(Protocol):
    """What the sweep needs of the trainer; the module `dropout_lab.build.train` is one."""

    def describe(self, config: Config, choices: Mapping[str, str]) -> Described: ...
    def recipe(self, run: Run, spec: Config) -> Recipe: ...
    def train(
        self, spec: Config, widths: Widths, compile: Compile, runs: RunQueue, device: str, threads: int | None = None
    ) -> None: ...
    def forecast(
        self,
        spec: Config,
        widths: Widths,
        compile: Compile,
        runs: int,
        epochs: int,
        device: str,
        threads: int | None = None,
    ) -> Forecast: ...
    def forecast_pretraining(self, specs: Iterable[Config], seeds: int, device: str, threads: int) -> float: ...
    def data(self, config: Config) -> str | None: ...
    def data_warnings(self, config: Config) -> Sequence[str]: ...
    def structure_warnings(self, spec: Config) -> Sequence[str]: ...
    def task(self, config: Config) -> str: ...
    def processes(self, device: str, threads: int) -> int: ...
    def threads(self, workers: int) -> int: ...
    def best_widths(self, spec: Config, device: str) -> Widths: ...


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
    """The number of this command among those given to the folder."""
    keys: frozenset[str] | None = None
    """Keys of a grid's cells: what else waits in the folder's study is not this command's."""

    def asks_for(self, axis: Axis, values: Mapping[str, Any]) -> bool:
        """Whether the axis has a meaning beside these members of config groups: not all may have its key."""
        groups = self.compose.groups
        return axis.key in groups or axis.key in self.compose.active({**values, axis.key: axis.corners()[0]})

    @property
    def seeds(self) -> int:
        return int(self.config["seeds"])

    @property
    def n_trials(self) -> int | None:
        n: int | None = self.config["n_trials"]
        return n


def best_widths(trainer: Trainer, spec: Config, device: str, say: Callable[[str], None]) -> Widths:
    """The trainer's; where memory is too little to find it, or the network ends the process, the least there is, and
    `say` takes the reason.

    If the reason holds in the training too, the runs fail there, and their records tell it.
    """
    try:
        return trainer.best_widths(spec, device)
    except (Exception, SystemExit) as error:
        if not isinstance(error, SystemExit) and not is_out_of_memory(error):
            raise
        say(f"what a lane needs could not be found out ({type(error).__name__}: {error}): on with two lanes")
        return Widths.fixed(2)
