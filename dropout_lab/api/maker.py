"""The argument `model` as words of a command: a name in the config where it has one, else a name of this process."""

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from dropout_lab.api.fingerprint import fingerprint, importable
from dropout_lab.api.words import word, words_below
from dropout_lab.config.handed import MARK
from dropout_lab.core.errors import UserError

Handed = Mapping[str, Any]
"""Objects without an importable name, by the names that stand for them in the config."""


def model_words(model: Any) -> tuple[list[str], Handed]:
    """The words that choose the network `model`, and what is handed over with them.

    `model`: a member of the group model, several in a list, a mapping of its keys, or a callable that makes an
    nn.Module. Raises UserError for anything else, and for a network that is made already.
    """
    if model is None:
        return [], {}
    if isinstance(model, nn.Module):
        kind = type(model).__name__
        raise UserError(
            f"model: is a {kind} that is made already, so every seed would begin with its weights, and seeds would not"
            f" differ in them as the report says; give what makes it: the class {kind}, or lambda: {kind}(...)"
        )
    if not callable(model) and not isinstance(model, str | list | tuple | Mapping):
        raise UserError(f"model: is {model!r}; must be a name such as cnn, a class, or a function that makes a network")
    if not callable(model):
        return (words_below("model", model) if isinstance(model, Mapping) else [word("model", model)]), {}
    if (arguments := _named(model)) is not None:
        return words_below("model", arguments), {}
    name = f"{MARK}{_name(model)}@{fingerprint(model)}"
    return words_below("model", {"_target_": name}), {name: _maker(model)}


def _named(model: Callable[..., Any]) -> Mapping[str, Any] | None:
    """The section of a callable that another process can import; of a partial, with its arguments."""
    if isinstance(model, functools.partial):
        name = None if model.args else importable(model.func)
        plain = all(_is_plain(value) for value in model.keywords.values())
        return {"_target_": name, **model.keywords} if name and plain else None
    name = importable(model)
    return {"_target_": name} if name else None


def _is_plain(value: Any) -> bool:
    """Whether a config holds the value as it is: a `${...}` there would refer to another one."""
    if isinstance(value, str):
        return "${" not in value and not value.startswith(("data:", MARK))
    return value is None or isinstance(value, bool | int | float)


def _name(model: Any) -> str:
    if isinstance(model, functools.partial):
        return _name(model.func)
    return re.sub(r"\W", "", getattr(model, "__name__", type(model).__name__))  # <lambda> would need quotes


def _maker(model: Callable[..., Any]) -> Callable[..., Any]:
    """`model` as a function; of a partial, without the arguments that it has, which the data do not replace."""

    try:
        signature = inspect.signature(model)
    except (ValueError, TypeError):  # of a builtin
        return model

    def make(**given: Any) -> Any:
        try:
            signature.bind(**given)
        except TypeError as error:
            raise ValueError(f"{error}") from None
        return model(**given)

    bound = model.keywords if isinstance(model, functools.partial) else {}
    left = [parameter for name, parameter in signature.parameters.items() if name not in bound]
    make.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]
    return make
