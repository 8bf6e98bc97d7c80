"""The keys as Hydra needs them: typed, so that a misspelt key is refused while composing, with defaults and help."""

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import field, make_dataclass
from functools import reduce
from operator import or_
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from dropout_lab.config.keys import KEYS

PLAIN = (int, float, bool, str, NoneType)


def register() -> None:
    """Makes the keys known to Hydra: as the schema that conf/config.yaml names first, with their help in `--help`."""
    ConfigStore.instance().store(name="schema", node=node())
    OmegaConf.register_new_resolver("keys_with_help", _with_help, replace=True)
    # Known when the dataset is: the network's maker puts the value in the place of the mark.
    OmegaConf.register_new_resolver("data", lambda name: f"data:{name}", replace=True)


def node(prefix: str = "") -> type:
    """The keys below a prefix as a dataclass of types that OmegaConf knows, with their defaults."""
    names = dict.fromkeys(name.removeprefix(prefix).partition(".")[0] for name in KEYS if name.startswith(prefix))
    return make_dataclass("Config", [_field(prefix, name) for name in names])


def _field(prefix: str, name: str) -> tuple[str, Any, Any]:
    key = KEYS.get(f"{prefix}{name}")
    if key is None:
        section = node(f"{prefix}{name}.")
        return name, section, field(default_factory=section)
    return name, known_to_omegaconf(key.type), field(default_factory=_copies(key.default))


def _copies(default: Any) -> Callable[[], Any]:
    return lambda: deepcopy(default)


def known_to_omegaconf(hint: Any) -> Any:
    """A type without bounds and choices, and Any for what OmegaConf has no type for."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return known_to_omegaconf(arguments[0])
    if origin is Literal:
        return type(arguments[0])
    if origin in (Union, UnionType):
        return reduce(or_, map(known_to_omegaconf, arguments))
    if origin is list and known_to_omegaconf(arguments[0]) in PLAIN:
        return list[known_to_omegaconf(arguments[0])]  # type: ignore[misc]
    return hint if hint in PLAIN or origin is dict else Any


def _with_help(*, _root_: DictConfig) -> str:
    """A composed config as YAML, each key with its help behind it."""
    shown = OmegaConf.masked_copy(_root_, [str(name) for name in _root_ if name != "hydra"])
    lines, section = [], ""
    for line in OmegaConf.to_yaml(shown).splitlines():
        found = re.match(r"( *)([\w.]+):", line)
        indent, name = (found[1], found[2]) if found else ("?", "")
        section = name if indent == "" else section
        key = KEYS.get(name if indent == "" else f"{section}.{name}") if len(indent) in (0, 2) else None
        lines.append(line if key is None else f"{line}  # {key.help}")
    return "\n".join(lines) + "\n"
