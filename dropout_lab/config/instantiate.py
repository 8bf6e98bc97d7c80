"""The one door from config to objects: the only caller of Hydra's instantiate."""

import inspect
import traceback
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_type_hints

import hydra.utils
from hydra.errors import InstantiationException

from dropout_lab.config.handed import is_handed
from dropout_lab.config.kinds import Kind
from dropout_lab.config.targets import find
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import Config


def instantiate(key: str, section: Config, **given: Any) -> Any:
    """The object that the config section `key` describes by its `_target_` and arguments; `given` adds arguments.

    Raises UserError, naming the key or the section, if the target does not exist or refuses its arguments. They
    must be of the types, and within the bounds, that its signature declares, as `Annotated[float, Field(ge=0)]`.
    """
    if "_target_" not in section:
        raise UserError(f"{key}: the config names no class: it has no _target_")
    _check_targets(key, section)
    _check_arguments(key, section)
    if is_handed(str(section["_target_"])):
        return _call(key, section, given)
    try:
        return hydra.utils.instantiate(dict(section), **given, _convert_="all")
    except SystemExit as error:
        raise UserError(
            f"{key} ({section.get('_target_')}): it ends the process (sys.exit({error.code!r})); it must raise an error"
            " instead"
        ) from error
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, UserError):
            raise cause from None
        if cause is None or isinstance(cause, ValueError) or _is_of_the_call(cause):
            raise UserError(f"{key} ({section.get('_target_')}): {cause or error}") from error
        raise


def takes(section: Config, name: str) -> bool:
    """Whether a config section's target can be given the argument `name`, as far as its signature says."""
    try:
        signature = inspect.signature(find(str(section.get("_target_"))))
    except (ImportError, ValueError, TypeError):  # `instantiate` says what is wrong with it, or the call does
        return True
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    return name in signature.parameters or inspect.Parameter.VAR_KEYWORD in kinds


def named_arguments(section: Config) -> frozenset[str]:
    """The arguments that a config section's target names in its signature; none where that cannot be read."""
    try:
        signature = inspect.signature(find(str(section.get("_target_"))))
    except (ImportError, ValueError, TypeError):
        return frozenset()
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return frozenset(name for name, parameter in signature.parameters.items() if parameter.kind in kinds)


def _call(key: str, section: Config, given: Config) -> Any:
    """What a callable handed over from Python returns: Hydra calls only what has a name."""
    target = str(section["_target_"])
    rest = {name: value for name, value in section.items() if name != "_target_"}
    arguments = hydra.utils.instantiate(rest, _convert_="all") | given
    try:
        return find(target)(**arguments)
    except SystemExit as error:
        raise UserError(f"{key} ({target}): it ends the process (sys.exit({error.code!r}))") from error
    except (ValueError, TypeError) as error:
        *_, (last, _) = traceback.walk_tb(error.__traceback__)
        if isinstance(error, TypeError) and last.f_code is not _call.__code__:
            raise  # something inside it went wrong
        raise UserError(f"{key} ({target}): {error}") from error


def _check_targets(key: str, value: Any) -> None:
    """Raises UserError for a class or function that does not exist, however deep it is named."""
    if isinstance(value, Mapping):
        target = value.get("_target_")
        if isinstance(target, str):
            try:
                find(target)
            except ImportError as error:
                raise UserError(f"{key}._target_={target}: {error}") from error
        for name, inner in value.items():
            _check_targets(f"{key}.{name}", inner)
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            _check_targets(f"{key}[{place}]", inner)


def _check_arguments(key: str, section: Config) -> None:
    kinds = _kinds(str(section.get("_target_")))
    for name, value in section.items():
        if name not in kinds or (isinstance(value, Mapping) and "_target_" in value):
            continue  # what a target does not know, and what is an object itself, the target sees to
        kinds[name].check(f"{key}.{name}", value)


@cache
def _kinds(target: str) -> dict[str, Kind]:
    """The rules for a target's arguments, of those whose type can be read; none, of a target that does not exist."""
    try:
        found = find(target)
    except ImportError:
        return {}
    function = inspect.unwrap(found.__init__ if isinstance(found, type) else found)  # type: ignore[misc]
    kinds: dict[str, Kind] = {}
    for name, hint in inspect.get_annotations(function).items():
        with suppress(NameError):  # a type that its module imports for type checkers alone, as Optuna's do
            annotated = SimpleNamespace(__annotations__={name: hint})
            kinds[name] = Kind(get_type_hints(annotated, function.__globals__, include_extras=True)[name])
    return kinds


def _is_of_the_call(error: BaseException) -> bool:
    """Whether a TypeError says that the target has no such argument, and not that something inside it went wrong."""
    if not isinstance(error, TypeError):
        return False
    *_, last = traceback.walk_tb(error.__traceback__)
    return "hydra" in Path(last[0].f_code.co_filename).parts
