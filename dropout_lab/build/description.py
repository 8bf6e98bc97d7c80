"""What a composed config means: its trial, its cohort's structure, its label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dropout_lab.build.acting_sites import Placing, place
from dropout_lab.build.builder import Builder
from dropout_lab.build.checks import check_best, check_mc_samples, check_options, check_samples
from dropout_lab.build.device import check_precision, device
from dropout_lab.build.measure_checks import check_measures
from dropout_lab.build.training_checks import check_training
from dropout_lab.config.patterns import flat_groups
from dropout_lab.config.roles import PRETRAINING_KEYS, options, trainer_keys, trial_sections
from dropout_lab.config.values import objectives
from dropout_lab.core.metrics.lookup import on_request
from dropout_lab.core.trial import Config, Trial
from dropout_lab.sites.info import Warned

AS_WRITTEN: Config = {"_target_": "dropout_lab.dropout.own.Own"}
PLAIN: Config = {"_target_": "dropout_lab.cohort.loss.Plain"}


@dataclass(frozen=True)
class Described:
    """What a composed config means."""

    trial: Trial
    structure: Config
    """What its runs must share with others to be trained in one cohort."""
    structure_without: Config
    """The structure of its baseline; another one only where a method is made for one rate, or costs time at rate 0."""
    label: Mapping[str, Any]
    """Its name in tables and figures."""
    warnings: Sequence[Warned] = ()
    """What is unwise about it, though it can be trained."""


def describe(builder: Builder, config: Config, choices: Mapping[str, str]) -> Described:
    """The meaning of a resolved config; `choices` are the names of its members of the config groups.

    Raises UserError if the config cannot be trained: its rates, its patterns, or what its classes refuse.
    """
    config = _canonical(config)
    placing = place(builder, config, choices)
    trainer = {key: config["trainer"][key] for key in trainer_keys()}
    if trainer["best"] is None:  # the key of a trial is that of records older than this key
        del trainer["best"]
    sections = {**{name: config[name] for name in trial_sections()}, "trainer": trainer}
    trial = Trial.of(sections, placing.rates, placing.acting)
    optimizer = builder.made("optimizer", config["optimizer"])
    builder.made("schedule", config["schedule"])
    check_options(builder, config, choices["loss"])
    check_mc_samples(builder, config, placing.rates)
    check_precision(config["trainer"]["precision"], device(config["device"]))
    check_best(builder, config)
    check_training(builder, config, choices)
    check_measures(builder, config)
    if config["trainer"]["keep"] != "none":
        builder.author_names(config["model"], config["dataset"])
    if not trial.is_baseline:
        check_samples(builder, config, choices["loss"], placing.rates, placing.last)
    structure = _structure(config, trainer, placing.acting, optimizer.numbers())
    if metrics := _metrics(config):
        structure = {**structure, "metrics": metrics}
    engine, _ = builder.engine(config["model"], config["dataset"], config["trainer"]["engine"])
    if engine == "loop":
        structure = {**structure, "engine": engine}
    without = _without_dropout(structure, placing)
    if config["measure"]:
        structure, without = ({**one, "measure": config["measure"]} for one in (structure, without))
    own = without if trial.is_baseline else structure
    return Described(trial, own, without, _label(config, choices, placing, trial), placing.warnings)


def as_it_is(builder: Builder, config: Config, choices: Mapping[str, str]) -> tuple[Described, Config] | None:
    """The network as its author wrote it, otherwise with this config, and the keys that say so.

    None where the author wrote no dropout. Its schedule is constant and its loss plain, as the author's.
    """
    rate = own_rate(builder, config)
    if not 0 < rate < 1:
        return None
    keys: Config = {"placement": "own", "rate": rate}
    placed = {"placement": {"weights": {"*": "own"}}, "dropout": AS_WRITTEN, "rate": rate}
    plain = {"schedule": {"_target_": "dropout_lab.config.schedule.Constant"}, "loss": PLAIN}
    whole = {**config, **placed, **plain, "rates": {}, "dropouts": {}}
    named = {"placement": "own", "dropout": "own", "schedule": "constant", "loss": "plain"}
    return describe(builder, whole, {**choices, **named}), keys


def own_rate(builder: Builder, config: Config) -> float:
    """The highest rate that the network's author wrote; 0 where there is none."""
    infos = builder.site_infos(config["model"], config["dataset"])
    return max((info.own.rate for info in infos if info.own is not None), default=0.0)


def _canonical(config: Config) -> Config:
    """The config with one spelling of its patterns of parameters."""
    optimizer = {**config["optimizer"], "groups": flat_groups(config["optimizer"].get("groups", {}))}
    trainer = {**config["trainer"], "freeze": sorted(set(config["trainer"]["freeze"]))}
    return {**config, "optimizer": optimizer, "trainer": trainer}


def _structure(config: Config, trainer: Config, acting: Mapping[str, Config], numbers: Mapping[str, float]) -> Config:
    """The specification of a cohort; `numbers` are the optimizer's arguments that may differ between its lanes."""
    return {
        "model": config["model"],
        "dataset": config["dataset"],
        "dropout": acting,
        "optimizer": {
            **{key: value for key, value in config["optimizer"].items() if key not in numbers},
            "groups": {name: dict.fromkeys(own, 0.0) for name, own in config["optimizer"]["groups"].items()},
        },
        **{key: trainer[key] for key in ("batch_size", "freeze", "precision", "gap_examples", "mc_samples")},
        "loss": config["loss"],
        "pretraining": None if trainer["pretrain_classes"] is None else {key: trainer[key] for key in PRETRAINING_KEYS},
        "options": [name for name in options() if trainer[name] is not None],
    }


def _metrics(config: Config) -> Sequence[str]:
    """The metrics on request that `metric`, `objective` and `trainer.best` name."""
    asked = [*objectives(config.get("metric") or []), *objectives(config["objective"]), config["trainer"]["best"]]
    return on_request([name for name in asked if name is not None])


def _without_dropout(structure: Config, placing: Placing) -> Config:
    """The structure of the baseline, which always has the plain loss."""
    without = {
        site: {**method, "rate": 0.0} if "rate" in method else method
        for site, method in placing.acting.items()
        if site in placing.free
    }
    return {**structure, "dropout": without, "loss": PLAIN}


def _label(config: Config, choices: Mapping[str, str], placing: Placing, trial: Trial) -> Mapping[str, Any]:
    label: dict[str, Any] = {key: choices[key] for key in ("placement", "dropout", "schedule")}
    if trial.is_baseline:
        return {**dict.fromkeys(label, "none"), "rate": 0.0}
    label["rate"] = float(config["rate"])
    if config["dropouts"]:
        label["dropout"] = _prose({site: placing.names[site] for site in trial.rates})
    if any(value is not None for value in config["rates"].values()):
        label |= {"placement": None, "rate": None}
    return label


def _prose(methods: Mapping[str, str]) -> str:
    """Methods by site for people: one name, or `standard: input; spatial: conv.0, conv.1`."""
    sites: dict[str, list[str]] = {}
    for site, name in methods.items():
        sites.setdefault(name, []).append(site)
    if len(sites) == 1:
        return next(iter(sites))
    return "; ".join(f"{name}: {', '.join(named)}" for name, named in sites.items())
