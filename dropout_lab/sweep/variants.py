"""Composed configs, one per combination of swept config groups; the other axes' values are set in copies of them."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from dropout_lab.errors import UserError
from dropout_lab.schema import check, unknown_key


@dataclass(frozen=True)
class Variants:
    """Values of the axes -> the resolved config. Plain data: it composes without Hydra, in any process."""

    groups: Sequence[str]
    """The axes that are config groups."""
    composed: Mapping[tuple[str, ...], tuple[DictConfig, Mapping[str, str]]]
    """Members of `groups` -> the composed config, and the names of all its members."""

    def __call__(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """Raises UserError for a key that the config does not have, and a value that it cannot hold."""
        config, choices = self.composed[tuple(str(values[group]) for group in self.groups)]
        config = copy.deepcopy(config)
        for key, value in values.items():
            if key not in self.groups:
                _set(config, key, value)
        resolved = resolve(config)
        check(resolved)
        return resolved, dict(choices)


def resolve(config: DictConfig) -> dict[str, Any]:
    """The config as plain data. Raises UserError for a value that is missing or refers to none."""
    try:
        plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise UserError(f"{error.full_key}: {error.msg}") from error
    resolved: dict[str, Any] = plain
    return resolved


def _set(config: DictConfig, key: str, value: Any) -> None:
    try:
        OmegaConf.update(config, key, value, merge=True, force_add=key.startswith("rates."))
    except (ConfigAttributeError, ConfigKeyError) as error:
        raise UserError(unknown_key(key, error.parent_node)) from error
    except OmegaConfBaseException as error:
        raise UserError(f"{key}={value}: {str(error.msg).splitlines()[0]}") from error
