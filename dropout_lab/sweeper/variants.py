"""Composed configs, one per combination of swept members; copies of them get the other axes' values."""

import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from dropout_lab.config.check import check
from dropout_lab.config.pretrained import check_reinit, with_weights
from dropout_lab.config.refusals import unknown_key, wrong_value
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import INSERT

Composed = dict[tuple[str, ...], tuple[DictConfig, Mapping[str, str]]]
"""Members of the swept groups -> the composed config, and the names of all its members."""


@dataclass(frozen=True)
class Variants:
    """Values of the axes -> the resolved config. Plain data: it composes without Hydra, in any process."""

    keys: Sequence[str]
    """The keys of the axes."""
    groups: Mapping[str, str]
    """Axes that are config groups -> the member that stands where none is chosen."""
    new: Collection[str]
    """The axes whose keys the composed configs may lack."""
    members: Mapping[str, Mapping[str, Any]]
    """The config sections of the methods that `dropouts` names, by name."""
    composed: Composed

    def active(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values without those of keys that other swept members have and the chosen ones lack."""
        config, _ = self._chosen(values)
        return {key: value for key, value in values.items() if self._has(config, key) or not self._elsewhere(key)}

    def whole(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The active values, and the config's for axes that have none in `values`."""
        config, _ = self._chosen(values)
        kept = {**self.groups, **self.active(values)}
        for key in set(self.keys) - set(kept) - set(values):
            if key not in self.new and self._has(config, key):
                kept[key] = OmegaConf.select(config, key)
        return {key: kept[key] for key in self.keys if key in kept}

    def __call__(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """The resolved config, and the names of its members of the config groups.

        Raises UserError for a key that no config has, and a value that it cannot hold.
        """
        config, choices = self._chosen(values)
        config = copy.deepcopy(config)
        for key, value in self.active(values).items():
            if key not in self.groups:
                _set(config, key, value, add=key in self.new)
        resolved = resolve(config)
        check_reinit(config["model"], list(config["weights"]["reinit"]))
        resolved["dropouts"] = _with_sections(resolved["dropouts"], self.members)
        check(resolved)
        return resolved, dict(choices)

    def _chosen(self, values: Mapping[str, Any]) -> tuple[DictConfig, Mapping[str, str]]:
        return self.composed[tuple(str(values.get(group, member)) for group, member in self.groups.items())]

    def _has(self, config: DictConfig, key: str) -> bool:
        if key in self.groups or key in self.new:
            return True
        *path, last = key.split(".")
        node: Any = config
        for name in path:
            if not isinstance(node, DictConfig) or name not in node:
                return False
            node = node[name]
        return isinstance(node, DictConfig) and last in node.keys()  # noqa: SIM118 (a missing value is a key too)

    def _elsewhere(self, key: str) -> bool:
        return any(self._has(config, key) for config, _ in self.composed.values())


def plain(section: DictConfig) -> dict[str, Any]:
    """A section as plain data, unresolved."""
    container: Any = OmegaConf.to_container(section)
    found: dict[str, Any] = container
    return found


def resolve(config: DictConfig) -> dict[str, Any]:
    """The config as plain data. Raises UserError for a value that is missing or refers to none."""
    try:
        container: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        if error.full_key == "measure.ood.dataset":
            raise UserError("measure=[ood]: give the other data set: measure.ood.dataset=fashion_mnist") from error
        if error.full_key == "placement.weights":
            raise UserError("placement=custom: give its weights: 'placement.weights={hidden:1.0,input:0.4}'") from error
        raise UserError(f"{error.full_key}: {str(error.msg).splitlines()[0]}") from error
    resolved: dict[str, Any] = container
    if resolved["sites"]["insert"]:
        resolved["model"] = {**resolved["model"], INSERT: list(resolved["sites"]["insert"])}
    if isinstance(resolved["model"], Mapping):  # `check` says what is wrong with any other
        resolved["model"] = with_weights(resolved["model"], resolved["weights"]["reinit"])
    return resolved


def methods_named(dropouts: Any) -> Iterator[str]:
    """The names of methods in the config's `dropouts`: {pattern: name, or {name: name, argument: value, ...}}.

    Raises UserError for any other value.
    """
    for pattern, value in dropouts.items() if isinstance(dropouts, Mapping) else ():
        if isinstance(value, Mapping):
            yield from (str(value["name"]),) if "name" in value else methods_named(value)
        elif isinstance(value, str):
            yield value
        elif value is not None:
            raise UserError(f"dropouts.{pattern}={value}: must be the name of a method, or {{name: ..., ...}}")


def _with_sections(dropouts: Mapping[str, Any], members: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """`dropouts` with every method's section in place of its name."""
    whole: dict[str, Any] = {}
    for pattern, value in dropouts.items():
        if isinstance(value, str):
            whole[pattern] = {"name": value, **members[value]}
        elif isinstance(value, Mapping):
            has_name = "name" in value
            whole[pattern] = {**members[value["name"]], **value} if has_name else _with_sections(value, members)
    return whole


def _set(config: DictConfig, key: str, value: Any, *, add: bool) -> None:
    try:
        OmegaConf.update(config, key, value, merge=not isinstance(value, dict), force_add=add)
    except (ConfigAttributeError, ConfigKeyError) as error:
        raise UserError(unknown_key(key, error.parent_node)) from error
    except OmegaConfBaseException as error:
        raise UserError(wrong_value(key, value) or f"{key}={value}: {str(error.msg).splitlines()[0]}") from error
