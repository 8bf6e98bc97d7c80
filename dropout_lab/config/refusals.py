"""Messages for keys and values that Hydra refuses: what is allowed, and what was probably meant."""

import difflib
from collections.abc import Iterable
from typing import Any

from omegaconf import DictConfig

from dropout_lab.config.keys import KEYS
from dropout_lab.config.roles import by_site

INSTEAD = {"seeds": "say how many: seeds=2 trains the seeds 0 and 1"}
"""The advice for a list, for keys where a list does not mean a sweep."""


def unknown_key(key: str, parent: Any) -> str:
    """The message for a key that its parent node does not have."""
    allowed = sorted(str(name) for name in parent) if isinstance(parent, DictConfig) else []
    if key.startswith("placement.weights."):
        return f"{key}: the weights of a placement cannot be added to; take placement=custom, which has yours alone"
    where = key.rpartition(".")[0]
    here = f"{where} has" if where else "the config has"
    inside = [f"{name}.{key}" for name in allowed if isinstance(parent[name], DictConfig) and key in parent[name]]
    if inside and not where:
        return f"{key}: there is no such key; did you mean {' or '.join(inside)}?"
    return f"{key}: there is no such key; {here} {', '.join(allowed)}{closest(key.rpartition('.')[2], allowed)}"


def wrong_value(name: str, value: Any) -> str | None:
    """The message for a value that the type of its key does not allow, as typed or as Hydra has read it.

    None for a key that is not in the table.
    """
    key = KEYS.get(name)
    if key is None:
        return None
    if name in by_site():
        near = name.removesuffix("s")
        return f"{name}={value}: takes a value for each site, such as {name}.input=...; did you mean {near}={value}?"
    is_list = str(value).strip()[:1] in ("[", "(")
    instead = f"; {INSTEAD[name]}" if is_list and name in INSTEAD else key.kind.advice(name, value)
    return f"{name}={value}: must be {key.kind.words}{instead}"


def closest(word: str, words: Iterable[str]) -> str:
    """ ", did you mean ...?" for a word that is almost one of `words`, else nothing."""
    near = difflib.get_close_matches(word, list(words), n=1)
    return f"; did you mean {near[0]}?" if near else ""
