"""The one door from config to objects."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import torch

from dropout_lab.adoption.recorder import Seen
from dropout_lab.build.network import is_of_this_package, network, tried, unmet_dropouts
from dropout_lab.build.parameters import Parameters, freeze
from dropout_lab.build.pretraining import phases, pretraining
from dropout_lab.build.state_names import author_names
from dropout_lab.cohort.lift import Engine
from dropout_lab.cohort.measures.measure import AbstractMeasure
from dropout_lab.cohort.optim import Adam
from dropout_lab.cohort.probe.alone import Draws
from dropout_lab.cohort.probe.check import EXAMPLES, check_network
from dropout_lab.cohort.probe.side_by_side import NotInLanes
from dropout_lab.cohort.recipe import Pretraining, Recipe, Structure
from dropout_lab.cohort.stack import Layout
from dropout_lab.config.instantiate import instantiate
from dropout_lab.config.roles import options
from dropout_lab.core.errors import UserError
from dropout_lab.core.metrics.metric import BEST_BY
from dropout_lab.core.trial import Config, Run, canonical_json
from dropout_lab.datasets.all_data import all_data
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.own_function import dataset_of
from dropout_lab.models import survey
from dropout_lab.models.normalised import fewest_values
from dropout_lab.sites.info import SiteInfo

RUN_BY_RUN = "runs take turns at every step, at the speed of a plain loop"


class Builder:
    """The objects that config sections describe. Equal sections share one object.

    A command makes one builder. A process that it starts gets an empty builder of its own.
    """

    def __init__(self) -> None:
        self._made = lru_cache(maxsize=256)(self._make)
        self._datasets = lru_cache(maxsize=64)(self._make_dataset)
        self._phases = lru_cache(maxsize=64)(self._make_phases)
        self._pretrainings = lru_cache(maxsize=8)(self._make_pretraining)
        self._site_infos = lru_cache(maxsize=256)(self._find_site_infos)
        self._left_out = lru_cache(maxsize=64)(self._find_left_out)
        self._author_names = lru_cache(maxsize=64)(self._find_author_names)
        self._parameters = lru_cache(maxsize=64)(self._find_parameters)
        self._normalised = lru_cache(maxsize=64)(self._find_normalised)
        self._tried = lru_cache(maxsize=64)(self._try)
        self._engines = lru_cache(maxsize=64)(self._find_engine)

    def __reduce__(self) -> tuple[type["Builder"], tuple[()]]:
        return Builder, ()

    def made(self, key: str, section: Config) -> Any:
        """An optimizer, a schedule, a loss or a method: `key` names its section. These are immutable.

        Raises UserError as `instantiate` does.
        """
        return self._made(key, canonical_json(section))

    def dataset(self, section: Config) -> Dataset:
        """The dataset of a `dataset` section. Raises UserError if it cannot be made."""
        return self._datasets(canonical_json(section))

    def phases(self, section: Config, classes: Sequence[int]) -> tuple[Dataset, Dataset]:
        """The datasets of a training in two phases; see `build.pretraining`."""
        return self._phases(canonical_json(section), tuple(classes))

    def site_infos(self, model: Config, dataset: Config) -> Sequence[SiteInfo]:
        """The sites of a model, made for a dataset. Raises UserError for a network that cannot be trained."""
        return self._site_infos(canonical_json(model), canonical_json(dataset))

    def engine(self, model: Config, dataset: Config, wanted: str = "auto") -> tuple[Engine, str]:
        """How a model's runs are trained, and why they take turns, if they do.

        Raises UserError for a network that cannot be trained, or not as `wanted`.
        """
        return self._engines(canonical_json(model), canonical_json(dataset), wanted)

    def warned(self, model: Config, dataset: Config) -> Sequence[str]:
        """What to expect of a network that is trained run by run: why, how long it takes, and dropouts not yet met."""
        engine, why = self.engine(model, dataset)
        if engine != "loop":
            return ()
        with torch.random.fork_rng(devices=[]):
            found = self._tried(canonical_json(model), canonical_json(dataset))
            places = () if found is None else unmet_dropouts(model, self.dataset(dataset), found)
        lines = [f"{RUN_BY_RUN}: {why}"]
        if places:
            lines.append(
                "no pass of the trial before the training called these dropouts, so they are no sites, and a run fails"
                f" where its values lead to one: {'; '.join(places)}"
            )
        return lines

    def left_out(self, model: Config, dataset: Config) -> Sequence[str]:
        """The names of a model's parameters that max-norm and L1 leave out, though they may be weights."""
        return self._left_out(canonical_json(model), canonical_json(dataset))

    def author_names(self, model: Config, dataset: Config) -> Mapping[str, str]:
        """See `build.state_names.author_names`."""
        return self._author_names(canonical_json(model), canonical_json(dataset))

    def parameters(self, model: Config, dataset: Config) -> Parameters:
        """The names of a model's parameters."""
        return self._parameters(canonical_json(model), canonical_json(dataset))

    def normalised(self, model: Config, dataset: Config, classes: Sequence[int] | None) -> Sequence[tuple[int, int]]:
        """For each phase of a training whose model has a batch norm: values per channel and example, and examples.

        The first number is the least that any batch norm sees; the second is the size of the training part.
        """
        return self._normalised(canonical_json(model), canonical_json(dataset), tuple(classes) if classes else None)

    def structure(self, spec: Config) -> Structure:
        """The structure that `Described.structure` specifies."""
        dataset, first = self.dataset(spec["dataset"]), None
        if spec["pretraining"] is not None:
            first = self._pretrainings(
                canonical_json({key: spec[key] for key in ("model", "dataset", "batch_size", "pretraining")})
            )
            _, dataset = self.phases(spec["dataset"], spec["pretraining"]["pretrain_classes"])
        if spec.get("all_data"):
            dataset = all_data(dataset)
        found = self._tried(canonical_json(spec["model"]), canonical_json(spec["dataset"]))
        return Structure(
            build=lambda: freeze(network(spec["model"], dataset, found), spec.get("freeze", ())),
            dataset=dataset,
            dropout={site: self.made("dropout", method) for site, method in spec["dropout"].items()},
            batch_size=spec["batch_size"],
            optimizer=self.made("optimizer", {"lr": 0.0, **spec["optimizer"]}),
            loss=self.made("loss", spec["loss"]),
            options=frozenset(spec["options"]),
            precision=spec["precision"],
            gap_examples=spec["gap_examples"],
            metrics=tuple(spec.get("metrics", ())),
            mc_samples=spec["mc_samples"],
            name=canonical_json(_without_measures(spec)) if _is_ours(spec) else None,
            engine=spec.get("engine", "lanes"),
            pretraining=first,
            author_names=lambda: self.author_names(spec["model"], spec["dataset"]),
        )

    def measures(self, sections: Config) -> Mapping[str, AbstractMeasure]:
        """The measures of a config's `measure`, by name. Raises UserError as `instantiate` does."""
        return {name: self.made(f"measure.{name}", section) for name, section in sections.items()}

    def recipe(self, run: Run) -> Recipe:
        """The recipe of a run. Its trial has been described, so its sections are known to be valid."""
        config, trainer = run.trial.config, run.trial.config["trainer"]
        return Recipe(
            id=run.id,
            seed=run.seed,
            rates=run.trial.rates,
            schedule=self.made("schedule", config["schedule"]) if config["schedule"] else lambda progress: 1.0,
            optimizer=self.made("optimizer", config["optimizer"]),
            epochs=trainer["epochs"],
            patience=trainer["patience"],
            options={name: float(trainer[name]) for name in options() if trainer[name] is not None},
            lr_schedule=self.made("lr_schedule", config["lr_schedule"]),
            momentum_schedule=self.made("momentum_schedule", config["momentum_schedule"]),
            best_by=trainer.get("best", BEST_BY),
        )

    # What the caches call: their arguments are hashable.

    def _make(self, key: str, section: str) -> Any:
        return instantiate(key, json.loads(section))

    def _make_dataset(self, section: str) -> Dataset:
        return dataset_of(json.loads(section))

    def _make_phases(self, section: str, classes: tuple[int, ...]) -> tuple[Dataset, Dataset]:
        return phases(self._datasets(section), classes)

    def _make_pretraining(self, section: str) -> Pretraining:
        """One for all structures that begin with it, so that its networks are trained once."""
        spec = json.loads(section)
        dataset, _ = self.phases(spec["dataset"], spec["pretraining"]["pretrain_classes"])
        found = self._tried(canonical_json(spec["model"]), canonical_json(spec["dataset"]))
        epochs = spec["pretraining"]["pretrain_epochs"]
        return pretraining(spec["model"], dataset, spec["batch_size"], epochs, found)

    def _network(self, model: str, dataset: str) -> torch.nn.Module:
        return network(json.loads(model), self._datasets(dataset), self._tried(model, dataset))

    def _try(self, model: str, dataset: str) -> Seen | None:
        section = json.loads(model)
        return None if is_of_this_package(section) else tried(section, self._datasets(dataset))

    def _find_site_infos(self, model: str, dataset: str) -> Sequence[SiteInfo]:
        data, section = self._datasets(dataset), json.loads(model)
        self._engines(model, dataset, "auto")
        with torch.random.fork_rng(devices=[]):  # real weights: torch takes seconds to load what meta tensors need
            found = survey.site_infos(self._network(model, dataset).eval(), data.example())
        keys = frozenset(section) if is_of_this_package(section) else frozenset[str]()
        return [replace(info, settings=keys) for info in found]

    def _find_engine(self, model: str, dataset: str, wanted: str) -> tuple[Engine, str]:
        data, section = self._datasets(dataset), json.loads(model)
        if is_of_this_package(section):
            return ("loop", "trainer.engine=loop") if wanted == "loop" else ("lanes", "")
        lanes = Structure(lambda: self._network(model, dataset), data, {}, EXAMPLES, Adam(lr=0.0))
        name, why = section.get("_target_", ""), "trainer.engine=loop"
        if wanted != "loop":
            try:
                check_network(lanes, name)
            except (NotInLanes, Draws) as error:
                if wanted == "lanes":
                    raise UserError(f"trainer.engine=lanes: {error}; trainer.engine=auto trains run by run") from error
                why = str(error)
            else:
                return "lanes", ""
        check_network(replace(lanes, engine="loop"), name)
        return "loop", why

    def _find_left_out(self, model: str, dataset: str) -> Sequence[str]:
        with torch.random.fork_rng(devices=[]):
            return Layout(self._network(model, dataset)).left_out

    def _find_author_names(self, model: str, dataset: str) -> Mapping[str, str]:
        with torch.random.fork_rng(devices=[]):
            return author_names(self._network(model, dataset))

    def _find_parameters(self, model: str, dataset: str) -> Parameters:
        with torch.random.fork_rng(devices=[]):
            return Parameters.of(self._network(model, dataset))

    def _find_normalised(self, model: str, dataset: str, classes: tuple[int, ...] | None) -> Sequence[tuple[int, int]]:
        datasets = (self._datasets(dataset),) if classes is None else self._phases(dataset, classes)
        found = []
        for data in datasets:
            with torch.random.fork_rng(devices=[]):
                made = network(json.loads(model), data, self._tried(model, dataset))
                values = fewest_values(made.eval(), data.example())
            if values is not None:
                found.append((values, len(data.split(0).train)))
        return found


def _is_ours(spec: Config) -> bool:
    """Whether every class of a structure is of this package, so that spec and version determine what it does."""
    parts = [*spec.values(), *spec["dropout"].values()]
    return all(is_of_this_package(part) for part in parts if isinstance(part, Mapping) and "_target_" in part)


def _without_measures(spec: Config) -> Config:
    """What the programs of a structure are made of."""
    return {name: value for name, value in spec.items() if name != "measure"}
