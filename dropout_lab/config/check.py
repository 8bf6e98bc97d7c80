"""The check of a whole config: unknown keys, values that a key does not allow, numbers that are not finite."""

import math
from collections.abc import Mapping
from typing import Any

from dropout_lab.config.keys import KEYS, Group
from dropout_lab.config.refusals import closest
from dropout_lab.core.errors import UserError


def check(config: Mapping[str, Any]) -> None:
    """Raises UserError for the first key of a config that does not exist, and the first value that is not allowed."""
    _check_known(config)
    for name, key in KEYS.items():
        value = _value(config, name)
        if key.type is not Group:
            key.kind.check(name, value)
        elif not isinstance(value, Mapping):
            raise UserError(
                f"{name}={value}: a member of a group is chosen on the command line, or in a file's defaults:"
                f" - override /{name}: {value}"
            )
    _check_finite(config)


def _check_known(config: Mapping[str, Any], prefix: str = "") -> None:
    names = dict.fromkeys(name.removeprefix(prefix).partition(".")[0] for name in KEYS if name.startswith(prefix))
    for name, value in config.items():
        if name not in names:
            near = closest(name, names) or "; dropout-lab sweep --help lists all keys"
            raise UserError(f"{prefix}{name}: there is no such key{near}")
        if f"{prefix}{name}" not in KEYS:
            _check_known(value, f"{prefix}{name}.")


def _value(config: Mapping[str, Any], name: str) -> Any:
    value: Any = config
    for part in name.split("."):
        value = value[part]
    return value


def _check_finite(config: Any, key: str = "") -> None:
    """Raises UserError for the first number of a config, however deep, that is NaN or infinite."""
    if isinstance(config, float) and not math.isfinite(config):
        raise UserError(f"{key}={config}: must be a finite number")
    if isinstance(config, Mapping):
        for name, value in config.items():
            _check_finite(value, f"{key}.{name}" if key else str(name))
    elif isinstance(config, list):
        for place, value in enumerate(config):
            _check_finite(value, f"{key}[{place}]")
