"""Configs composed by Hydra's loader: one for every combination of swept members of config groups."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.object_type import ObjectType
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from dropout_lab.config.refusals import closest
from dropout_lab.core.errors import UserError
from dropout_lab.sweeper.axes import Swept
from dropout_lab.sweeper.space import Axis, distinct
from dropout_lab.sweeper.variants import Composed, methods_named, plain


class Composer:
    """The configs of one command."""

    def __init__(self, loader: ConfigLoader, config: DictConfig) -> None:
        self._loader, self._config = loader, config

    def members(self, group: str) -> Sequence[str]:
        """The members of a config group; nothing for any other key."""
        return self._loader.get_group_options(group, results_filter=ObjectType.CONFIG)

    def groups(self, axes: Sequence[Axis]) -> dict[str, str]:
        """The axes that are config groups, and the member that stands where none is chosen."""
        choices = self._config.hydra.runtime.choices
        return {axis.key: str(choices[axis.key]) for axis in axes if self.members(axis.key)}

    def compose(self, swept: Swept, fixed: Sequence[str]) -> Composed:
        """The configs with the overrides `fixed`, one for every combination of the swept groups' members."""
        groups = self.groups(swept.axes)
        options = []
        for axis in swept.axes:
            if axis.key in groups:
                default = [groups[axis.key]] if any(axis.key not in grid for grid in swept.grids) else []
                options.append(distinct([*(axis.values or ()), *default]))
        composed: Composed = {}
        for choice in itertools.product(*options):
            lines = [*fixed, *(f"{group}={name}" for group, name in zip(groups, choice, strict=True))]
            composed[tuple(map(str, choice))] = self._one(lines)
        return composed

    def methods(self, composed: Composed, axes: Sequence[Axis]) -> Mapping[str, Mapping[str, Any]]:
        """The sections of the methods that `dropouts` names anywhere: in a composed config, or as a swept value.

        Raises UserError for a method that does not exist.
        """
        named = {name for whole, _ in composed.values() for name in methods_named(plain(whole.dropouts))}
        for axis in axes:
            section, _, pattern = axis.key.partition(".")
            for value in (axis.values or ()) if section == "dropouts" else ():
                named |= set(methods_named({pattern: value} if pattern else value))
        known = self.members("dropout")
        for name in sorted(named):
            if name not in known:
                raise UserError(
                    f"dropouts: there is no method {name}; allowed: {', '.join(known)}{closest(name, known)}"
                )
        return {
            name: plain(self._loader.load_sweep_config(self._config, [f"dropout={name}"]).dropout) for name in named
        }

    def _one(self, lines: Sequence[str]) -> tuple[DictConfig, Mapping[str, str]]:
        whole = self._loader.load_sweep_config(self._config, list(lines))
        found = whole.hydra.runtime.choices.items()
        choices = {str(key): str(name) for key, name in found if not str(key).startswith("hydra/")}
        with open_dict(whole), read_write(whole):
            del whole["hydra"]
            for name, section in whole.measure.items():
                if "dataset" in section and not OmegaConf.is_missing(section, "dataset"):
                    section.dataset = self._dataset(f"measure.{name}.dataset", section.dataset)
        return whole, choices

    def _dataset(self, key: str, given: Any) -> Any:
        """The section of a data set that a measure names: MEMBER, or {name: MEMBER, KEY: VALUE}."""
        if isinstance(given, DictConfig) and "_target_" in given:
            return given
        own = plain(given) if isinstance(given, DictConfig) else {"name": given}
        known, name = self.members("dataset"), own.pop("name", None)
        if name not in known:
            raise UserError(
                f"{key}: there is no data set {name}; allowed: {', '.join(known)}{closest(str(name), known)}"
            )
        section = plain(self._loader.load_sweep_config(self._config, [f"dataset={name}"]).dataset)
        return {**section, **own}
