"""What a sweep needs of a trainer: configurations described, runs trained, times forecast."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from dropout_lab.cohort.recipe import Compile, Recipe, RunQueue
from dropout_lab.cohort.width import Widths, is_out_of_memory
from dropout_lab.core.trial import Config, Run, Trial
from dropout_lab.sites.info import Warned


class Described(Protocol):
    """What a config means; see `dropout_lab.build.description.Described`."""

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
    """How a cohort would be trained; see `dropout_lab.cohort.compilation.choice.Forecast`."""

    @property
    def width(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def why(self) -> str: ...


class Trainer(Protocol):
    """What a sweep needs of a trainer; see `dropout_lab.build.cohort_trainer.CohortTrainer`. Workers get it pickled."""

    def sites(self, model: Config, dataset: Config) -> Sequence[str]: ...
    def describe(self, config: Config, choices: Mapping[str, str]) -> Described: ...
    def recipe(self, run: Run) -> Recipe: ...
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
    def check(self, spec: Config, seeds: int, objectives: Sequence[str], keys: Iterable[str]) -> None: ...
    def task(self, config: Config) -> str: ...
    def scope(self, config: Config) -> Mapping[str, Any]: ...
    def device(self, name: str) -> str: ...
    def processes(self, device: str, threads: int) -> int: ...
    def threads(self, workers: int) -> int: ...
    def best_widths(self, spec: Config, device: str) -> Widths: ...


def best_widths(trainer: Trainer, spec: Config, device: str, say: Callable[[str], None]) -> Widths:
    """The trainer's widest cohort, or two lanes where that cannot be found out; `say` takes the reason.

    It cannot where memory is too small, or where the network ends the process. If the reason holds in the training
    too, the runs fail there, and their records say so.
    """
    try:
        return trainer.best_widths(spec, device)
    except (Exception, SystemExit) as error:
        if not isinstance(error, SystemExit) and not is_out_of_memory(error):
            raise
        say(f"what a lane needs could not be found out ({type(error).__name__}: {error}): on with two lanes")
        return Widths.fixed(2)
