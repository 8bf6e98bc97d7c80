"""Type hints as rules for values: checked by pydantic, and in words for messages."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError

from dropout_lab.core.errors import UserError

STRICT = ConfigDict(strict=True, arbitrary_types_allowed=True, allow_inf_nan=False)
WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a word", NoneType: "null"}
BOUNDS = {"ge": "of at least", "gt": "above", "le": "at most", "lt": "below"}
MOST_SHOWN = 60
"""Characters of a refused value in a message."""


@dataclass(frozen=True)
class Kind:
    """A type hint as a rule for values: `Annotated[float, Field(ge=0)] | None`, `Literal["before", "after"]`, ..."""

    hint: Any

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.hint, config=STRICT)

    @cached_property
    def words(self) -> str:
        """The rule in words: "a finite number of at least 0 and below 1, or null"."""
        return _words(self.hint)

    @cached_property
    def bases(self) -> frozenset[Any]:
        """The plain types among which a value is."""
        return frozenset(_bases(self.hint))

    def check(self, key: str, value: Any) -> None:
        """Raises UserError for a value that the rule does not allow: "no" is not a boolean, true not a number.

        The text of a ValueError from a validator in the hint is the message; without a text, the rule's words are.
        """
        try:
            self._adapter.validate_python(value)
        except ValidationError as error:
            own = [str(one["ctx"]["error"]) for one in error.errors() if one["type"] == "value_error"]
            said = next(filter(None, own), f"must be {self.words}{self.advice(key, value)}")
            raise UserError(f"{key}={self.shown(value)}: {said}") from error

    def shown(self, value: Any) -> str:
        """A value as a command line has it; text stands in quotes only where no text is allowed."""
        text = value if isinstance(value, str) and not self.bases.isdisjoint((str, Any)) else _text(value)
        return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN // 2]}..."

    def advice(self, key: str, value: Any) -> str:
        """What to write instead of a value of another type, after a semicolon; nothing if that cannot be guessed."""
        text = (value if isinstance(value, str) else _text(value)).strip()
        if text[:1] in ("[", "(") and self.bases.isdisjoint((list, Any)):
            listed = re.sub(r"\s", "", text[1:-1])
            return f"; several values are compared by: dropout-lab sweep {key}={listed}"
        if float in self.bases:
            percent = re.fullmatch(r"(\d+\.?\d*|\.\d+)\s*%", text)
            return f"; write {key}={float(percent[1]) / 100:g}" if percent else ""
        if int in self.bases and isinstance(value, str | float) and (whole := _whole(text)) is not None:
            interval = "; an interval of whole numbers is int(interval(8,64))" if isinstance(value, float) else ""
            return f"; write {key}={whole}{interval}"
        return ""


def _words(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _bounded(arguments[0], arguments[1:])
    if origin in (Union, UnionType):
        return ", or ".join(_words(part) for part in arguments)
    if origin is Literal:
        listed = ", ".join(word if isinstance(word, str) else _text(word) for word in arguments)
        return f"one of {listed}" if len(arguments) > 1 else listed
    if origin in (Sequence, list):
        return f"a list, each item {_words(arguments[0])}"
    return WORDS.get(hint, str(hint))


def _bounded(base: Any, notes: Sequence[Any]) -> str:
    """The words of `Annotated[base, *notes]`; a note's own description stands for all that it demands."""
    for note in notes:
        if getattr(note, "description", None):
            return str(note.description)
    rules = [rule for note in notes for rule in (note, *getattr(note, "metadata", ()))]
    bounds = {name: value for name in BOUNDS for rule in rules if (value := getattr(rule, name, None)) is not None}
    least = max((getattr(rule, "min_length", None) or 0 for rule in rules), default=0)
    if least and get_origin(base) in (Sequence, list):
        items = "one item" if least == 1 else f"{least} items"
        return f"a list of at least {items}, each {_words(get_args(base)[0])}"
    words = _words(base)
    if not bounds:
        return words
    said = " and ".join(f"{BOUNDS[name]} {_number(value)}" for name, value in bounds.items())
    of = "of " if said.startswith("at") else ""
    return f"{'a finite number' if base is float else words} {of}{said}"


def _number(value: float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _bases(hint: Any) -> Iterator[Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        yield from _bases(arguments[0])
    elif origin in (Union, UnionType):
        for part in arguments:
            yield from _bases(part)
    elif origin is Literal:
        yield from {type(word) for word in arguments}
    else:
        yield list if origin is Sequence else origin or hint


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_text(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(inner if isinstance(inner, str) else _text(inner) for inner in value)}]"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _whole(text: str) -> int | None:
    """The whole number that a text such as 1e3 or 8.0 stands for."""
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else None
