"""From a command to its plan."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from dropout_lab.config.check import check
from dropout_lab.config.values import objectives
from dropout_lab.core.errors import UserError
from dropout_lab.records.folder import is_sweep
from dropout_lab.records.store import read
from dropout_lab.sweeper.axes import Swept, swept_by
from dropout_lab.sweeper.command import Command
from dropout_lab.sweeper.composer import Composer
from dropout_lab.sweeper.default_placement import as_written, default_dropout, default_placement, fitting
from dropout_lab.sweeper.folder_name import folder_name
from dropout_lab.sweeper.launch import workers
from dropout_lab.sweeper.plan import Plan
from dropout_lab.sweeper.space import Axis, parse
from dropout_lab.sweeper.trainer_protocol import Trainer
from dropout_lab.sweeper.variants import Composed, Variants, resolve


@dataclass(frozen=True)
class Planned:
    """A plan, and the command's overrides with one value: those that Hydra's launcher gets."""

    plan: Plan
    fixed: Sequence[str]


def make_plan(loader: ConfigLoader, config: DictConfig, command: Command, trainer: Trainer) -> Planned:
    """The plan of a command; `config` gets the name of its folder.

    Raises UserError if an override has no meaning or a value is not allowed.
    """
    composer = Composer(loader, config)
    swept = swept_by(command, config, composer.members)
    fixed, composed = _composed(composer, swept, command, trainer)
    first, choices = next(iter(composed.values()))
    _check_custom(swept.axes, composed)
    settings = resolve(_completed(first, swept.axes))
    if command.name == "train" and "baseline" not in command.keys:
        settings["baseline"] = False  # one configuration means one
    compose = Variants(
        keys=[axis.key for axis in swept.axes],
        groups=composer.groups(swept.axes),
        new=frozenset(axis.key for axis in swept.axes if axis.is_new),
        members=composer.methods(composed, swept.axes),
        composed=composed,
    )
    axes: Sequence[Axis] = swept.axes
    if swept.is_default and "placement" in compose.groups:
        usable = fitting(compose, command.default_params["placement"].split(","), trainer)
        params = {**command.default_params, "placement": ",".join(usable)}
        axes, fixed = parse(command.beside(params), composer.members)
        compose = replace(compose, groups={**compose.groups, "placement": usable[0]})  # a single one is no axis
    with open_dict(config), read_write(config):
        config.name = settings["name"] or folder_name(fixed, axes, choices, command.name)
    folder = Path(str(config.hydra.sweep.dir))
    plan = Plan(
        folder=folder,
        config=settings,
        choices=choices,
        axes=axes,
        compose=compose,
        objectives=objectives(settings["objective"]),
        device=trainer.device(settings["device"]),
        workers=workers(settings["workers"], config.hydra.launcher, trainer.threads(1)),
        session=len(read(folder).sessions) if is_sweep(folder) else 0,
    )
    return Planned(plan, fixed)


def _composed(composer: Composer, swept: Swept, command: Command, trainer: Trainer) -> tuple[Sequence[str], Composed]:
    """The overrides with one value and the configs that they compose, with a method and a placement for the model."""
    fixed, composed = swept.fixed, composer.compose(swept, swept.fixed)
    check(resolve(_completed(next(iter(composed.values()))[0], swept.axes)))
    keys = [*command.keys, *command.params, *(axis.key for axis in swept.axes)]

    def compose(lines: Sequence[str]) -> Composed:
        return composer.compose(swept, lines)

    if "dropout" not in keys:
        fixed, composed = default_dropout(composed, compose, fixed, trainer)
    if any(key.split(".")[0] == "placement" for key in keys):
        return fixed, composed
    if "rate" not in keys and (written := as_written(composed, compose, fixed, trainer)) is not None:
        return written
    return default_placement(composed, compose, fixed, trainer)


def _check_custom(axes: Sequence[Axis], composed: Composed) -> None:
    """Raises UserError if weights are swept of a placement that has its own."""
    if not any(axis.key == "placement.weights" for axis in axes):
        return
    for _, choices in composed.values():
        if (placement := choices["placement"]) != "custom":
            raise UserError(
                f"placement.weights: placement={placement} has weights of its own; sweep yours with placement=custom"
            )


def _completed(config: DictConfig, axes: Sequence[Axis]) -> DictConfig:
    """The config, or a copy in which the first values of the axes stand where it has none."""
    missing = [axis for axis in axes if axis.values and OmegaConf.is_missing(*_parent(config, axis.key))]
    if not missing:
        return config
    config = copy.deepcopy(config)
    for axis in missing:
        OmegaConf.update(config, axis.key, axis.corners()[0], merge=False)
    return config


def _parent(config: DictConfig, key: str) -> tuple[Any, str]:
    section, _, name = key.rpartition(".")
    parent = OmegaConf.select(config, section) if section else config
    return (parent, name) if isinstance(parent, DictConfig) else (config, "")
