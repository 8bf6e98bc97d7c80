"""Objects handed over from Python: a network's maker, or data, that have no name another process could import.

A config names such an object `python:NAME@HASH`. The name means something only in the process that handed it over.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

MARK = "python:"

_known: ContextVar[Mapping[str, Any]] = ContextVar("handed", default={})  # noqa: B039 (never changed, only replaced)


@contextmanager
def handed(objects: Mapping[str, Any]) -> Iterator[None]:
    """Make objects known by their names, in this thread and in the processes that it forks, until the block ends."""
    token = _known.set({**_known.get(), **objects})
    try:
        yield
    finally:
        _known.reset(token)


def is_handed(name: str) -> bool:
    """Whether a name is that of an object handed over from Python, known here or not."""
    return name.startswith(MARK)


def handed_object(name: str) -> Any:
    """The object of such a name. Raises LookupError, whose message says what to do, where it is not known."""
    try:
        return _known.get()[name]
    except KeyError:
        what = name.removeprefix(MARK).partition("@")[0]
        raise LookupError(
            f"{what} was handed over from Python and has no name that another process can import, so the record alone"
            " cannot repeat it; the same call of dropout_lab.sweep(...) from Python can"
        ) from None


def handed_keys(config: Mapping[str, Any]) -> Sequence[str]:
    """The sections of a config that name an object handed over from Python: `model`, `dataset`."""
    return [key for key, section in config.items() if isinstance(section, Mapping) and _names(section)]


def _names(section: Mapping[str, Any]) -> bool:
    return any(isinstance(value, str) and is_handed(value) for value in section.values())
