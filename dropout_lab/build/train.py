"""From config to objects: a configuration's trial, its cohort's structure, the recipe of a run, and its training."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch.nn.parameter import is_lazy

from dropout_lab.cohort import loop, probe, programs, transfer, width
from dropout_lab.cohort.optim import Adam
from dropout_lab.cohort.recipe import Compile, Pretraining, Recipe, RunQueue, Structure
from dropout_lab.cohort.shares import can_fork
from dropout_lab.cohort.stack import Layout
from dropout_lab.cohort.width import Widths
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.core.errors import UserError
from dropout_lab.config.instantiate import instantiate, takes
from dropout_lab.cohort.loss import AbstractLoss
from dropout_lab.core.machine import keep_freed_memory
from dropout_lab.sites.method import AbstractDropout, objection_to
from dropout_lab.models import survey
from dropout_lab.models.normalised import fewest_values
from dropout_lab.sites.place import Place, Warned
from dropout_lab.config.placement import Method, site_methods, site_rates
from dropout_lab.config.roles import PRETRAINING_KEYS, options, trainer_keys, trial_sections
from dropout_lab.core.metrics import DIRECTIONS
from dropout_lab.core.trial import Config, Run, Trial, canonical_json

VOCABULARY_KEYS = ("dataset.vocabulary_size", "dataset.min_count")
PLAIN: Config = {"_target_": "dropout_lab.cohort.loss.Plain"}
SEEDS_TRIED = 5
"""So many seeds' splits are made before training."""
PRETRAINING_LR = 1e-3
"""Adam's, as its authors advise. The optimizer of the config is that of the training: what is swept of it must not
change what the networks know when that begins."""


@dataclass(frozen=True)
class Described:
    """What a composed config means."""

    trial: Trial
    structure: Config
    """What its runs must share with others to be trained in one cohort."""
    structure_without: Config
    """The same for its baseline: another one only where a method is made for one rate."""
    label: Mapping[str, Any]
    """Its words in tables and figures."""
    warnings: Sequence[Warned] = ()
    """What is unwise about it, though it can be trained."""


def describe(config: Config, choices: Mapping[str, str]) -> Described:
    """The trial of a resolved config; `choices` are the names of its members of the config groups.

    Raises UserError if the config cannot be trained: its rates, its patterns, or what its classes refuse.
    """
    sections = {name: config[name] for name in trial_sections()}
    trainer = {key: config["trainer"][key] for key in trainer_keys()}
    found = places(config["model"], config["dataset"])
    names = [place.site for place in found]
    chosen = site_methods(names, {"name": choices["dropout"], **config["dropout"]}, config["dropouts"])
    objections = {place.site: _objection(chosen[place.site], place) for place in found}
    able = [site for site, objection in objections.items() if objection is None]
    placed = config["placement"]["weights"], config["rate"], config["rates"]
    wanted, rates = site_rates(names, *placed), site_rates(names, *placed, able or names)
    acting, warnings = {}, []
    for place in found:
        name, section = _named_section(chosen[place.site])
        dropout: AbstractDropout = _made("dropout", canonical_json(section))
        objection = objections[place.site]
        if wanted[place.site] > 0 and rates[place.site] == 0:
            warnings.append(Warned(name, place.site, f"it does not drop there, though placed everywhere: {objection}"))
        if (dropout.is_costly or place.kind in ("state", "cell")) and rates[place.site] == 0:
            continue  # between steps a method costs what the steps cost
        if dropout.needs_rate:
            section = {**section, "rate": rates[place.site]}
            if rates[place.site] > 0 and choices["schedule"] != "constant":
                raise UserError(
                    f"schedule={choices['schedule']}: dropout={name} has one rate throughout; take constant"
                )
        if dropout.needs_pretraining and rates[place.site] > 0 and trainer["pretrain_epochs"] is None:
            raise UserError(
                f"dropout={name}: it draws weights back to those of a pretrained network, and this is none; pretrain it"
                " on some of the classes, say with trainer.pretrain_epochs=20 trainer.pretrain_classes=[0,1,2,3,4]"
            )
        if objection is None:
            acting[place.site] = section
            if rates[place.site] > 0 and (advice := dropout.advice(place, rates[place.site])) is not None:
                warnings.append(Warned(name, place.site, advice))
        elif rates[place.site] > 0:
            shape = " x ".join(map(str, place.shape))
            where = "at" if able or config["dropouts"] else "at any site of this model; at"
            raise UserError(f"dropout={name} cannot act {where} site {place.site} ({shape}): {objection}")
    trial = Trial.of({**sections, "trainer": trainer}, rates, acting)
    optimizer = instantiate("optimizer", config["optimizer"])
    instantiate("schedule", config["schedule"])
    _check_options(config, choices)
    structure = {
        "model": config["model"],
        "dataset": config["dataset"],
        "dropout": acting,
        "optimizer": {key: value for key, value in config["optimizer"].items() if key not in optimizer.numbers()},
        **{key: trainer[key] for key in ("batch_size", "precision", "gap_examples", "mc_samples")},
        "loss": config["loss"],
        "pretraining": None if trainer["pretrain_classes"] is None else {key: trainer[key] for key in PRETRAINING_KEYS},
        "options": [name for name in options() if trainer[name] is not None],
    }
    # No dropout is no dropout whatever the loss, so a baseline is trained with the plain one.
    kinds = {place.site: place.kind for place in found}
    without = {
        site: {**method, "rate": 0.0} if "rate" in method else method
        for site, method in acting.items()
        if not _made("dropout", canonical_json(method)).is_costly and kinds[site] not in ("state", "cell")
    }
    structure_without = {**structure, "dropout": without, "loss": PLAIN}
    label: dict[str, Any] = {key: choices[key] for key in ("placement", "dropout", "schedule")}
    label["rate"] = float(config["rate"])
    if config["dropouts"]:
        label["dropout"] = _words({site: str(method["name"]) for site, method in chosen.items() if rates[site] > 0})
    if trial.is_baseline:
        label |= {"placement": "none", "dropout": "none", "schedule": "none", "rate": 0.0}
    else:
        _check_samples(config, choices, rates, found[-1])
        if any(value is not None for value in config["rates"].values()):
            label |= {"placement": None, "rate": None}
    own = structure_without if trial.is_baseline else structure
    return Described(trial, own, structure_without, label, warnings)


def _check_samples(config: Config, choices: Mapping[str, str], rates: Mapping[str, float], last: Place) -> None:
    """Raises UserError for a loss of several masks at the last site, where that site does not drop, or not once."""
    loss: AbstractLoss = instantiate("loss", config["loss"])
    if loss.samples > 1 and rates[last.site] == 0:
        raise UserError(
            f"loss={choices['loss']}: it draws its masks at the last site, {last.site}, which does not drop here; give"
            f" it a rate, say with rates.{last.site}=0.5"
        )
    if loss.samples > 1 and last.calls > 1:
        raise UserError(
            f"loss={choices['loss']}: it draws its masks at the last site, {last.site}, which the network calls"
            f" {last.calls} times in a pass; must be called once: give each call a Site of its own"
        )


def _check_options(config: Config, choices: Mapping[str, str]) -> None:
    """Raises UserError for a loss or an option of the trainer that has no meaning for the data."""
    dataset = _dataset(canonical_json(config["dataset"]))
    loss: AbstractLoss = instantiate("loss", config["loss"])
    if config["trainer"]["mc_samples"] is not None and dataset.task != "classification":
        raise UserError(
            f"trainer.mc_samples={config['trainer']['mc_samples']}: it averages the probabilities of an example's"
            f" class, which {dataset.name} has not; only null"
        )
    if (objection := loss.objection(dataset.task)) is not None:
        raise UserError(f"loss={choices['loss']}: {objection}")
    given = {name: config["trainer"][name] for name in options() if config["trainer"][name] is not None}
    if dataset.vocabulary:
        for name in options("numbers"):
            if name in given:
                raise UserError(f"trainer.{name}={given[name]}: {dataset.name} has tokens, no numbers; only null")
    for name in options("classes"):
        if name in given and dataset.task != "classification":
            raise UserError(f"trainer.{name}={given[name]}: {dataset.name} asks for no class of an example; only null")
    for name in options("images"):
        if name in given and len(dataset.input_shape) != 3:
            shape = " x ".join(map(str, dataset.input_shape))
            raise UserError(
                f"trainer.{name}={given[name]}: examples of {dataset.name} are no images ({shape}); only null"
            )
    given = {key: config["trainer"][key] for key in PRETRAINING_KEYS if config["trainer"][key] is not None}
    if len(given) == 1:
        ((key, value),) = given.items()
        missing = "pretrain_classes=[0,1,2,3,4]" if key == "pretrain_epochs" else "pretrain_epochs=20"
        raise UserError(f"trainer.{key}={value}: needs the classes and the epochs, say trainer.{missing} beside it")
    if given:
        _check_pretraining(config, dataset)
    _check_batch_norm(config)


def _check_batch_norm(config: Config) -> None:
    """Raises UserError where a batch norm would take a channel's variance from one value, which is 0.

    A value less its own mean is 0, whatever it was: such a network learns nothing of what is before the norm.
    """
    classes = config["trainer"]["pretrain_classes"]
    wanted = config["trainer"]["batch_size"]
    for values, examples in _normalised(
        canonical_json(config["model"]), canonical_json(config["dataset"]), tuple(classes) if classes else None
    ):
        batch = min(wanted, examples)
        if batch * values < 2:
            why = "" if batch == wanted else f" (the training part has {examples}, and no batch has more)"
            raise UserError(
                f"trainer.batch_size={wanted}: a batch norm would see one value of a channel in a batch of"
                f" {batch}{why}, and makes 0 of it; take {'at least 2' if batch == wanted else 'more examples'}, or a"
                " model without batch norm, say with model.norm=layer"
            )


def _check_pretraining(config: Config, dataset: Dataset) -> None:
    """Raises UserError if the dataset's classes, or the model, cannot be divided so."""
    classes = config["trainer"]["pretrain_classes"]
    key = f"trainer.pretrain_classes={classes}"
    if dataset.task != "classification":
        raise UserError(f"{key}: {dataset.name} asks for no class of an example; only null")
    if max(classes) >= dataset.outputs or dataset.outputs - len(classes) < 2:
        raise UserError(
            f"{key}: {dataset.name} has the classes 0 to {dataset.outputs - 1}, of which at least two must be left"
        )
    before, after = _phases(canonical_json(config["dataset"]), tuple(classes))
    with torch.random.fork_rng(devices=[]):
        transfer.check(_model(config["model"], before), _model(config["model"], after), after.outputs)


def places(model: Config, dataset: Config) -> Sequence[Place]:
    """The places where a model's sites stand on a dataset."""
    return _places(canonical_json(model), canonical_json(dataset))


def structure(spec: Config) -> Structure:
    """The objects of `Described.structure`."""
    dataset, pretraining = _dataset(canonical_json(spec["dataset"])), None
    if spec["pretraining"] is not None:
        pretraining = _pretraining(
            canonical_json({key: spec[key] for key in ("model", "dataset", "batch_size", "pretraining")})
        )
        _, dataset = _phases(canonical_json(spec["dataset"]), tuple(spec["pretraining"]["pretrain_classes"]))
    optimizer = {"lr": 0.0, **spec["optimizer"]}
    return Structure(
        build=lambda: _model(spec["model"], dataset),
        dataset=dataset,
        dropout={site: _made("dropout", canonical_json(method)) for site, method in spec["dropout"].items()},
        batch_size=spec["batch_size"],
        optimizer=instantiate("optimizer", optimizer),
        loss=_made("loss", canonical_json(spec["loss"])),
        options=frozenset(spec["options"]),
        precision=spec["precision"],
        gap_examples=spec["gap_examples"],
        mc_samples=spec["mc_samples"],
        name=canonical_json(spec) if _is_ours(spec) else None,
        pretraining=pretraining,
    )


def recipe(run: Run, spec: Config) -> Recipe:
    """The recipe of a run. The optimizer's classes were checked by `describe`, and so were the schedule's."""
    config, trainer = run.trial.config, run.trial.config["trainer"]
    return Recipe(
        id=run.id,
        seed=run.seed,
        rates=run.trial.rates,
        schedule=_made("schedule", canonical_json(config["schedule"])) if config["schedule"] else lambda progress: 1.0,
        optimizer=_made("optimizer", canonical_json(config["optimizer"])),
        epochs=trainer["epochs"],
        patience=trainer["patience"],
        options={name: float(trainer[name]) for name in options() if trainer[name] is not None},
    )


def data(config: Config) -> str | None:
    """A hash of the data that a config reads from files, which may change behind its back; None for all other data.

    Without `path` and `id` these are files that come with Python, whose versions differ.
    """
    section = config["dataset"]
    if "path" not in section and "id" not in section:
        return None
    return _dataset(canonical_json(section)).digest()


def data_warnings(config: Config) -> Sequence[str]:
    """What may be misread in the file that the data are from; see `datasets.misread`."""
    return _dataset(canonical_json(config["dataset"])).warnings


def structure_warnings(spec: Config) -> Sequence[str]:
    """Which parameters of a user's model an option of the trainer leaves out, though they may be meant."""
    asked = [f"trainer.{name}" for name in ("max_norm", "l1") if name in spec["options"]]
    if not asked or _is_of_this_package(spec["model"]):
        return ()
    left_out = _left_out(canonical_json(spec["model"]), canonical_json(spec["dataset"]))
    if not left_out:
        return ()
    acts = "acts" if len(asked) == 1 else "act"
    return (
        f"{' and '.join(asked)} {acts} on parameters that layers call `weight`, and on none of these of"
        f" {spec['model']['_target_']}: {', '.join(left_out)}; where a product reads with one of them, name it `weight`"
        " in a module of its own",
    )


def task(config: Config) -> str:
    """What is learned: the dataset's task, or language_modelling where a text is read on."""
    dataset = _dataset(canonical_json(config["dataset"]))
    return "language_modelling" if dataset.is_stream else dataset.task


def check_seeds(spec: Config, seeds: int) -> None:
    """Makes the first seeds' splits, so that data that cannot be split is refused before training.

    What a split refuses depends on the sizes of the parts, which all seeds share.
    """
    made = structure(spec)
    for seed in range(min(seeds, SEEDS_TRIED)):
        made.split(seed)


def check_objectives(spec: Config, objectives: Sequence[str]) -> None:
    """Raises UserError for an objective that the structure's data do not have."""
    dataset = _dataset(canonical_json(spec["dataset"]))
    missing = [name for name in objectives if name.endswith("accuracy") and not dataset.has_accuracy]
    if missing:
        allowed = [name for name in DIRECTIONS if not name.endswith("accuracy")]
        raise UserError(
            f"objective={missing[0]}: {dataset.name} is a regression, which has no accuracy; allowed:"
            f" {', '.join(allowed)}"
        )


def check_axes(spec: Config, keys: Iterable[str]) -> None:
    """Raises UserError for swept keys under which losses cannot be compared on the structure's data."""
    dataset = _dataset(canonical_json(spec["dataset"]))
    for key in keys:
        if dataset.predicts_tokens and key in VOCABULARY_KEYS:
            raise UserError(
                f"{key}: cannot be swept with a text whose tokens are predicted, for the fewer are known, the lower is"
                " the loss; give it one value"
            )


def train(
    spec: Config, widths: Widths, compile: Compile, runs: RunQueue, device: str, threads: int | None = None
) -> None:
    """Trains all that `runs` has for the structure `spec`; `threads` are those of each of its processes."""
    keep_freed_memory()
    if threads is not None:
        torch.set_num_threads(threads)
    loop.train(structure(spec), widths, compile, runs, torch.device(device))


def forecast(
    spec: Config, widths: Widths, compile: Compile, runs: int, epochs: int, device: str, threads: int | None = None
) -> programs.Forecast:
    """What `train` would choose for so many runs of the structure `spec`, and how long it would take."""
    keep_freed_memory()
    if threads is not None:
        torch.set_num_threads(threads)
    return programs.forecast(structure(spec), widths, compile, runs, epochs, torch.device(device))


def forecast_pretraining(specs: Iterable[Config], seeds: int, device: str, threads: int) -> float:
    """How many seconds `train` would spend on networks that the structures `specs` begin with."""
    sharing = processes(device, threads)
    torch.set_num_threads(threads if sharing == 1 else 1)
    there = torch.device(device)
    found = {made.pretraining: made for made in map(structure, specs) if made.pretraining is not None}
    total = 0.0
    for pretraining, made in found.items():
        widths = replace(width.best_widths(made, there), processes=sharing)
        total += programs.forecast_pretraining(pretraining, seeds, widths, there)
    return total


def best_widths(spec: Config, device: str) -> Widths:
    """The lanes of each process of a cohort of the structure `spec` if nothing else bounds them."""
    return width.best_widths(structure(spec), torch.device(device))


def device(name: str) -> str:
    """The device that `auto`, `cpu` or `cuda` stands for here."""
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("device=cuda: torch finds no GPU here; allowed: auto, cpu")
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"


def processes(device: str, threads: int) -> int:
    """How many processes a cohort's lanes are shared out between, where so many threads are to be had: one for each."""
    return threads if device == "cpu" and can_fork() else 1


def threads(workers: int) -> int:
    """The processor's threads for each of `workers` workers: what OMP_NUM_THREADS says, else an equal share."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    return max(1, len(os.sched_getaffinity(0)) // workers) if hasattr(os, "sched_getaffinity") else 1


def _named_section(method: Method) -> tuple[str, Config]:
    """The name of a method, and its config section."""
    return str(method["name"]), {key: value for key, value in method.items() if key != "name"}


def _objection(method: Method, place: Place) -> str | None:
    _, section = _named_section(method)
    return objection_to(_made("dropout", canonical_json(section)), place)


def _words(methods: Mapping[str, str]) -> str:
    """Methods by site in words: one name, or `standard: input; spatial: conv.0, conv.1`."""
    sites: dict[str, list[str]] = {}
    for site, name in methods.items():
        sites.setdefault(name, []).append(site)
    if len(sites) == 1:
        return next(iter(sites))
    return "; ".join(f"{name}: {', '.join(named)}" for name, named in sites.items())


def _is_ours(spec: Config) -> bool:
    """Whether every class of a structure is of this package, so that the spec and the version tell what it does."""
    parts = [*spec.values(), *spec["dropout"].values()]
    return all(_is_of_this_package(part) for part in parts if isinstance(part, Mapping) and "_target_" in part)


def _is_of_this_package(section: Config) -> bool:
    return str(section.get("_target_", "")).startswith("dropout_lab.")


@lru_cache(maxsize=256)
def _made(key: str, section: str) -> Any:
    """An optimizer, a schedule, a loss or a method: immutable, so that all who need an equal one share it."""
    return instantiate(key, json.loads(section))


@lru_cache(maxsize=64)
def _dataset(section: str) -> Dataset:
    dataset: Dataset = instantiate("dataset", json.loads(section))
    return dataset


@lru_cache(maxsize=64)
def _phases(section: str, classes: tuple[int, ...]) -> tuple[Dataset, Dataset]:
    """The examples of these classes, all that there are and as they are, and those of the other classes."""
    whole = _dataset(section)
    others = [number for number in range(whole.outputs) if number not in classes]
    return replace(whole, limit=None, label_noise=0.0).of_classes(classes), whole.of_classes(others)


@lru_cache(maxsize=8)
def _pretraining(section: str) -> Pretraining:
    """Shared by all structures that begin with it, so that its networks are trained once."""
    spec = json.loads(section)
    dataset, _ = _phases(canonical_json(spec["dataset"]), tuple(spec["pretraining"]["pretrain_classes"]))
    made = Structure(
        build=lambda: _model(spec["model"], dataset),
        dataset=dataset,
        dropout={},
        batch_size=spec["batch_size"],
        optimizer=Adam(lr=PRETRAINING_LR),
    )
    return Pretraining(made, spec["pretraining"]["pretrain_epochs"])


@lru_cache(maxsize=256)
def _places(model: str, dataset: str) -> Sequence[Place]:
    data, section = _dataset(dataset), json.loads(model)
    if not _is_of_this_package(section):
        plain = Structure(lambda: _model(section, data), data, {}, probe.EXAMPLES, Adam(lr=0.0))
        probe.check(plain, section.get("_target_", ""))
    with torch.random.fork_rng(devices=[]):  # real, for torch takes seconds to load what it needs for meta tensors
        return survey.places(_model(section, data).eval(), data.example())


@lru_cache(maxsize=64)
def _left_out(model: str, dataset: str) -> Sequence[str]:
    with torch.random.fork_rng(devices=[]):
        return Layout(_model(json.loads(model), _dataset(dataset))).left_out


@lru_cache(maxsize=64)
def _normalised(model: str, dataset: str, classes: tuple[int, ...] | None) -> Sequence[tuple[int, int]]:
    """Of the phases of a training whose models have a batch norm: the fewest values of a channel that one example gives
    it, and how many examples the training part has."""
    phases = (_dataset(dataset),) if classes is None else _phases(dataset, classes)
    found = []
    for data in phases:
        with torch.random.fork_rng(devices=[]):
            values = fewest_values(_model(json.loads(model), data).eval(), data.example())
        if values is not None:
            found.append((values, len(data.split(0).train)))
    return found


def _model(section: Config, dataset: Dataset) -> torch.nn.Module:
    """Models of sequences are told more: how many tokens there are, and whether every place is asked for a class.

    Raises UserError for a model whose constructor cannot be told what it must know.
    """
    given: dict[str, Any] = {"input_shape": dataset.input_shape, "outputs": dataset.outputs}
    per_place = dataset.task == "token_classification"
    if dataset.vocabulary or per_place:
        more = {"vocabulary": len(dataset.vocabulary) or None, "per_place": per_place, "is_stream": dataset.is_stream}
        taken = [name for name in more if takes(section, name)]
        if missing := [name for name in ("vocabulary", "per_place") if more[name] and name not in taken]:
            raise UserError(
                f"model: {dataset.name} is a set of sequences, and the constructor of {section['_target_']} takes no"
                f" {missing[0]}; choose model=rnn or model=transformer, or add that argument"
            )
        given |= {name: more[name] for name in taken}
    model = instantiate("model", section, **given)
    if not isinstance(model, torch.nn.Module):
        raise UserError(f"model: {section['_target_']} makes a {type(model).__name__}; must be a torch.nn.Module")
    if any(is_lazy(value) for value in (*model.parameters(), *model.buffers())):
        with torch.no_grad():
            model.eval()(dataset.example())  # lazy modules take their shapes, and draw their weights
        model.train()
    return model
