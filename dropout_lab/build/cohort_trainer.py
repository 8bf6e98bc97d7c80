"""The sweep's trainer: it describes configurations, trains their runs in cohorts, and says how long that takes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from dropout_lab.build import device as devices
from dropout_lab.build.builder import Builder
from dropout_lab.build.description import Described, as_it_is, describe
from dropout_lab.build.exported import Exported, exported
from dropout_lab.build.forecast import pretraining_seconds
from dropout_lab.build.network import is_of_this_package
from dropout_lab.build.scope import scope
from dropout_lab.build.sweep_checks import check_sweep
from dropout_lab.build.weights import reinitialised
from dropout_lab.cohort import loop, width
from dropout_lab.cohort.compilation import choice
from dropout_lab.cohort.recipe import Recipe, RunQueue
from dropout_lab.cohort.width import ExecutionPlan, Widths
from dropout_lab.core.machine import keep_freed_memory
from dropout_lab.core.trial import WEIGHTS, Config, Run
from dropout_lab.datasets.column_reading import rows, sentences
from dropout_lab.datasets.division_told import lacking, left_out
from dropout_lab.datasets.repeats import repeats

SHOWN = 10
"""Names of parameters that a sentence lists."""


class CohortTrainer:
    """What a sweep needs done, see `dropout_lab.sweeper.trainer_protocol.Trainer`, with the objects of one builder.

    A `spec` is what `Described.structure` holds.
    """

    def __init__(self, builder: Builder) -> None:
        self._builder = builder

    def sites(self, model: Config, dataset: Config) -> Sequence[str]:
        """The names of a model's sites."""
        return [info.site for info in self._builder.site_infos(model, dataset)]

    def own_rate(self, model: Config, dataset: Config) -> float | None:
        """The highest rate of the dropouts that a model's author wrote, other than as a `Site`; None without any."""
        infos = self._builder.site_infos(model, dataset)
        return max((info.own.rate for info in infos if info.own is not None), default=None)

    def describe(self, config: Config, choices: Mapping[str, str]) -> Described:
        """See `build.description.describe`."""
        return describe(self._builder, config, choices)

    def as_it_is(self, config: Config, choices: Mapping[str, str]) -> tuple[Described, Mapping[str, Any]] | None:
        """See `build.description.as_it_is`."""
        return as_it_is(self._builder, config, choices)

    def check(self, spec: Config, seeds: int, objectives: Sequence[str], keys: Iterable[str]) -> None:
        """See `build.sweep_checks.check_sweep`."""
        check_sweep(self._builder, spec, seeds, objectives, keys)

    def recipe(self, run: Run) -> Recipe:
        """See `Builder.recipe`."""
        return self._builder.recipe(run)

    def train(self, spec: Config, how: ExecutionPlan, runs: RunQueue) -> None:
        """Train all that `runs` has for the structure `spec`."""
        _set_up(how.threads)
        devices.check_precision(spec["precision"], how.device)
        structure, device = self._builder.structure(spec), torch.device(how.device)
        measures = self._builder.measures(spec.get("measure", {}))
        loop.train(structure, how.widths, how.compile, runs, device, measures)

    def forecast(self, spec: Config, how: ExecutionPlan, runs: int, epochs: int) -> choice.Forecast:
        """What `train` would choose for this many runs of the structure `spec`, and how long it would take."""
        _set_up(how.threads)
        structure, device = self._builder.structure(spec), torch.device(how.device)
        return choice.forecast(structure, how.widths, how.compile, runs, epochs, device)

    def forecast_pretraining(self, specs: Iterable[Config], seeds: int, device: str, threads: int) -> float:
        """The seconds that `train` would spend on networks that the structures `specs` begin with."""
        return pretraining_seconds(map(self._builder.structure, specs), seeds, device, threads)

    def best_widths(self, spec: Config, device: str) -> Widths:
        """The lanes of each process of a cohort of the structure `spec` if nothing else limits them."""
        return width.best_widths(self._builder.structure(spec), torch.device(device))

    def data(self, config: Config) -> str | None:
        """A hash of the data that a config reads from files or a function of the user's returns, which may change
        between commands; None for other data.

        Without `path` and `id` these are files that come with Python or scikit-learn, whose versions differ.
        """
        section = config["dataset"]
        if is_of_this_package(section) and section.keys().isdisjoint(("path", "id", "name")):
            return None
        return self._builder.dataset(section).digest()

    def data_warnings(self, config: Config) -> Sequence[str]:
        """What may be misread in the file that the data are from, see `datasets.misread`, and what may be wrong with
        their division."""
        dataset = self._builder.dataset(config["dataset"])
        return [*dataset.warnings, *dataset.hints, *lacking(dataset), *repeats(dataset)]

    def data_notes(self, config: Config) -> Sequence[str]:
        """What was made of data that leave it open, such as their task, and of their division."""
        dataset = self._builder.dataset(config["dataset"])
        return [*dataset.notes, *sentences(dataset.readings, dataset.name), *left_out(dataset)]

    def data_columns(self, config: Config) -> Sequence[Mapping[str, Any]]:
        """What was understood of a table, a row a column; see `datasets.column_reading`."""
        return rows(self._builder.dataset(config["dataset"]).readings)

    def structure_warnings(self, spec: Config) -> Sequence[str]:
        """That a network is trained run by run or not as written, what an option of the trainer leaves out, which
        parameters a file of weights does, and which classes `limit` does.
        """
        return (
            *self._engine_warnings(spec),
            *self._dropped_warnings(spec),
            *self._left_out_warnings(spec),
            *self._weights_warnings(spec),
            *self._limit_warnings(spec),
        )

    def _engine_warnings(self, spec: Config) -> Sequence[str]:
        if spec.get("engine") != "loop":
            return ()
        return self._builder.warned(spec["model"], spec["dataset"])

    def _dropped_warnings(self, spec: Config) -> Sequence[str]:
        infos = self._builder.site_infos(spec["model"], spec["dataset"])
        own = {info.site: info.own for info in infos if info.own is not None}
        always = ", ".join(f"{site}: {one.written}" for site, one in own.items() if one.in_evaluation)
        if not always:
            return ()
        return (
            f"model: as written, the network drops in evaluation mode too ({always}); here it drops in training alone,"
            " as F.dropout(x, p, training=self.training) would",
        )

    def _left_out_warnings(self, spec: Config) -> Sequence[str]:
        asked = [f"trainer.{name}" for name in ("max_norm", "l1") if name in spec["options"]]
        if not asked or is_of_this_package(spec["model"]):
            return ()
        left_out = self._builder.left_out(spec["model"], spec["dataset"])
        if not left_out:
            return ()
        acts = "acts" if len(asked) == 1 else "act"
        return (
            f"{' and '.join(asked)} {acts} on parameters that layers call `weight`, and on none of these of"
            f" {spec['model']['_target_']}: {', '.join(left_out)}; where a product reads with one of them, name it"
            " `weight` in a module of its own",
        )

    def _weights_warnings(self, spec: Config) -> Sequence[str]:
        weights = spec["model"].get(WEIGHTS)
        if weights is None or not weights["reinit"]:
            return ()
        anew = reinitialised(weights, list(self._builder.author_names(spec["model"], spec["dataset"])))
        return (f"model.weights={weights['path']} does not set these, which begin anew with each seed: {_few(anew)}",)

    def _limit_warnings(self, spec: Config) -> Sequence[str]:
        dataset = self._builder.dataset(spec["dataset"])
        absent = dataset.lacking(seed=0)
        if not absent:
            return ()
        return (
            f"dataset.limit={dataset.limit}: no example of {'class' if len(absent) == 1 else 'the classes'}"
            f" {_few(absent)} is trained on, for so few examples, classes in their shares, have none",
        )

    def task(self, config: Config) -> str:
        """What is learned: the dataset's task, or language_modelling where a text is read on."""
        dataset = self._builder.dataset(config["dataset"])
        return "language_modelling" if dataset.is_stream else dataset.task

    def exported(self, spec: Config, seed: int, tensors: Mapping[str, Tensor]) -> Exported:
        """See `build.exported.exported`."""
        return exported(self._builder, spec, seed, tensors)

    def scope(self, config: Config) -> Mapping[str, Any]:
        """See `build.scope.scope`."""
        return scope(self._builder, config)

    def device(self, name: str) -> str:
        """See `build.device.device`."""
        return devices.device(name)

    def processes(self, device: str, threads: int) -> int:
        """See `build.device.processes`."""
        return devices.processes(device, threads)

    def threads(self, workers: int) -> int:
        """See `build.device.threads`."""
        return devices.threads(workers)


def _few(names: Sequence[str]) -> str:
    return f"{', '.join(names[:SHOWN])}{f' and {len(names) - SHOWN} more' if len(names) > SHOWN else ''}" or "none"


def _set_up(threads: int | None) -> None:
    keep_freed_memory()
    if threads is not None:
        torch.set_num_threads(threads)
