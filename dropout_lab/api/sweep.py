"""`dropout_lab.sweep`: a sweep from Python, by the engine of the command line."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import DictConfig
from rich.console import Console

from dropout_lab.api.maker import Handed, model_words
from dropout_lab.api.result import SweepResult
from dropout_lab.api.words import words_of
from dropout_lab.app import typed
from dropout_lab.app.application import conf_folder
from dropout_lab.app.explain import explain
from dropout_lab.app.run import Caller, run
from dropout_lab.app.slips import check_words
from dropout_lab.build.builder import Builder
from dropout_lab.build.cohort_trainer import CohortTrainer
from dropout_lab.config import hydra_schema
from dropout_lab.config.handed import MARK, handed
from dropout_lab.config.overrides import for_hydra
from dropout_lab.core.errors import RunsFailed, UserError
from dropout_lab.datasets.held import arrays_of
from dropout_lab.report import make
from dropout_lab.report.result import Report
from dropout_lab.sweeper.command import Command
from dropout_lab.sweeper.worker import Work

AGAIN = "the same call of dropout_lab.sweep(...)"


def sweep(model: Any, data: Any, settings: Mapping[str, Any]) -> SweepResult | None:
    """See `dropout_lab.sweep`."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    reports: list[Report] = []
    words, objects = _words(model, data, settings)
    with _typed(words), handed(objects), _explained(console):
        _run(console, words, reports)
    return SweepResult(reports[0], objects) if reports else None


def _run(console: Console, words: Sequence[str], reports: list[Report]) -> None:
    """Compose the config of a command's words, and run it. `reports` gets the report; nothing of a dry run."""
    line = shlex.join(["dropout-lab", "sweep", *words])

    def begin(work: Work, fixed: Sequence[str]) -> None:
        work(0)

    def report(folder: Path) -> None:
        reports.append(make(folder, pdf=False))

    check_words(words)
    hydra_schema.register()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        overrides = list(for_hydra("sweep", words).overrides)
        config: DictConfig = loader.load_configuration("config", overrides, RunMode.MULTIRUN)
        sweeper = config.hydra.sweeper
        task = list(config.hydra.overrides.task)
        command = Command("sweep", task, sweeper.params or {}, sweeper.default_params)
        run(console, loader, config, command, CohortTrainer(Builder()), Caller(line, AGAIN, begin, report))


def _words(model: Any, data: Any, settings: Mapping[str, Any]) -> tuple[list[str], Handed]:
    """The words of a call, and the objects that they name. Raises UserError for what a call cannot have."""
    for key in settings:
        if key.startswith("hydra") or (key == "workers" and settings[key] not in (None, 1)):
            raise UserError(f"{key}: from Python a sweep trains in this process; the command line starts others")
    words, objects = model_words(model)
    if data is None:
        return [*words, *words_of(settings)], objects
    if "dataset" in settings and not isinstance(settings["dataset"], Mapping):
        raise UserError(f"dataset={settings['dataset']}: data=... are the data set; give one of the two")
    arrays = arrays_of(data)
    name = f"{MARK}arrays@{arrays.digest()}"
    return [*words, "dataset=arrays", f"dataset.handed={name}", *words_of(settings)], {**objects, name: arrays}


@contextmanager
def _typed(words: Sequence[str]) -> Iterator[None]:
    token = typed.argv.set(words)
    try:
        yield
    finally:
        typed.argv.reset(token)


@contextmanager
def _explained(console: Console) -> Iterator[None]:
    """Turn every error that the user can mend into a UserError; print that runs failed, which the result says too."""
    try:
        yield
    except RunsFailed as error:
        console.print(str(error))
    except Exception as error:
        code, said = explain(error)
        if code != 2 or isinstance(error, UserError):
            raise
        raise UserError(said.removeprefix("dropout-lab: ")) from error
