"""What a command sweeps: the axes of its overrides, its config and its grids, or those of the default sweep."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from dropout_lab.config.keys import KEYS
from dropout_lab.config.roles import role
from dropout_lab.core.errors import UserError
from dropout_lab.records.folder import is_sweep
from dropout_lab.records.store import read
from dropout_lab.sweeper.combinations import axes_of
from dropout_lab.sweeper.command import Command
from dropout_lab.sweeper.space import Axis, key_of, parse
from dropout_lab.sweeper.variants import plain

DATA_ARGUMENTS = ("id", "path", "config", "revision", "text", "target", "drop", "keep", "task", "level", "size")
DATA_KEYS = (*(name for name in KEYS if role(name) == "data"), *(f"dataset.{key}" for key in DATA_ARGUMENTS))
"""Keys that decide what is learned."""

IN_BRACKETS = {
    "objective": ", a list of two in brackets",
    "metric": ", a list in brackets: metric=[f1_macro,auroc]",
    "measure": ", a list in brackets: measure=[noise,ablation]",
}
"""How the keys that take several values at once are given them."""


@dataclass(frozen=True)
class Swept:
    """What a command sweeps and what it fixes."""

    axes: Sequence[Axis]
    fixed: Sequence[str]
    """Overrides with one value."""
    grids: Sequence[Mapping[str, Any]]
    is_default: bool
    """Whether it is the default sweep, because the command sweeps nothing itself."""


def swept_by(command: Command, config: DictConfig, members: Callable[[str], Sequence[str]]) -> Swept:
    """What a command sweeps; `members` gives the members of a config group.

    Raises UserError for an override without a meaning, and for a key that cannot be swept.
    """
    axes, fixed = parse(command.whole, members)
    grids = plain(config)["grids"]
    KEYS["grids"].kind.check("grids", grids)
    axes = [*axes_of(grids, axes), *axes]
    is_default = command.name == "sweep" and not axes
    if is_default and (again := _swept_before(command, config)):
        axes, fixed = parse(again, members)
        is_default = False
    if is_default:
        axes, fixed = parse(command.beside(command.default_params), members)
    _check_fixed(fixed, axes)
    for axis in axes:
        _check_axis(axis)
    if command.name == "train" and axes:
        raise UserError(f"{axes[0].key}: train takes one value of every key; dropout-lab sweep compares several")
    return Swept(axes, fixed, grids, is_default)


def _swept_before(command: Command, config: DictConfig) -> Sequence[str]:
    """The command's overrides with one value of a key as a sweep of that value, where its folder has swept the key.

    Nothing, if the folder is new, or swept what the default sweep would: otherwise this would train placements there
    that nobody asked for.
    """
    folder = Path(str(config.hydra.sweep.dir)) if config.name else None
    if folder is None or not is_sweep(folder):
        return []
    sessions = read(folder, without=("curves", "learned", "lanes")).sessions
    swept = sessions[-1]["axes"] if sessions else {}
    typed = {word.partition("=")[0].lstrip("+") for word in shlex.split(sessions[-1]["command"])} if sessions else set()
    if all(key in swept and key not in typed for key in command.default_params if key not in command.keys):
        return []
    parts = [(line, *line.partition("=")) for line in command.overrides]
    lines = [f"{key}=choice({value})" if key_of(line) in swept else line for line, key, _, value in parts]
    return lines if lines != list(command.overrides) else []


def _check_fixed(fixed: Sequence[str], axes: Sequence[Axis]) -> None:
    """Raises UserError for overrides that Hydra takes and that mean nothing here."""
    swept = {axis.key for axis in axes}
    for line in fixed:
        key = key_of(line)
        if line.startswith("~"):
            raise UserError(f"{line}: no key can be left out; give it a value")
        if key in swept:
            raise UserError(f"{key}: given twice, once with several values; leave one of them out")


def _check_axis(axis: Axis) -> None:
    """Raises UserError for a key that is no part of what a sweep compares."""
    if axis.key in DATA_KEYS:
        raise UserError(
            f"{axis.key}: losses on different data cannot be ranked; give every data set a sweep of its own, and"
            " put their reports side by side: dropout-lab report FOLDER FOLDER"
        )
    if role(axis.key) in ("control", "how", "machine", "measured") or axis.key == "experiment":
        raise UserError(
            f"{axis.key}: cannot be swept, for it says how configurations are trained and compared, not what they"
            f" are; give it one value{IN_BRACKETS.get(axis.key, '')}"
        )
