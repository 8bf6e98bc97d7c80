"""Types of single keys whose rules are more than bounds. The validators raise ValueError for what breaks a rule."""

import os
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from dropout_lab.core.errors import UserError
from dropout_lab.core.metrics.lookup import epoch_choosers
from dropout_lab.core.metrics.lookup import objectives as known_objectives
from dropout_lab.core.metrics.on_request import ON_REQUEST

NAME_BYTES = 255
"""The longest name of a file in all common file systems."""


def _are_classes(numbers: list[int]) -> list[int]:
    if len(numbers) < 2 or len(set(numbers)) < len(numbers) or min(numbers) < 0:
        raise ValueError
    return numbers


def _is_folder_name(name: str) -> str:
    if not name or name in (".", "..") or "/" in name or "\\" in name or not name.isprintable():
        raise ValueError
    if (size := len(os.fsencode(name))) > NAME_BYTES:
        raise ValueError(f"is {size} bytes long; a folder's name has at most {NAME_BYTES}")
    return name


def _have_values(grids: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Raises UserError, naming the key of a grid, for one without a value."""
    for key, values in ((key, values) for grid in grids for key, values in grid.items()):
        if values in ([], {}):
            raise UserError(f"grids: {key}:{values}: must be a value, or a list of at least one")
    return grids


def objectives(given: Any) -> list[Any]:
    """The objectives as a list, from a name or a list of names."""
    return list(given) if isinstance(given, Sequence) and not isinstance(given, str) else [given]


def _are_metrics(given: Any) -> Any:
    names = objectives(given)
    if not all(isinstance(name, str) and name in ON_REQUEST for name in names) or len(set(names)) < len(names):
        raise ValueError
    return given


def _is_epoch_chooser(name: str) -> str:
    if name not in epoch_choosers():
        raise ValueError
    return name


def _are_objectives(given: Any) -> Any:
    names = objectives(given)
    known = all(isinstance(name, str) and name in known_objectives() for name in names)
    if not known or not names or len(set(names)) < len(names):
        raise ValueError
    return given


Classes = Annotated[
    list[int],
    AfterValidator(_are_classes),
    Field(description="at least two different classes, by number from 0"),
]
FolderName = Annotated[
    str,
    AfterValidator(_is_folder_name),
    Field(description="the name of one folder, which is made under outputs/"),
]
Seeds = Annotated[int, Field(ge=1, le=10_000)]
Zips = Annotated[
    list[Annotated[list[str], Field(min_length=2)]],
    Field(description="lists of two or more swept keys, such as [[rate,optimizer.lr]]"),
]
Grids = Annotated[
    list[Annotated[dict[str, Any], Field(min_length=1)]],
    AfterValidator(_have_values),
    Field(description="a list of grids, such as [{placement:input,rate:[0.1,0.2]},{rate:[0.5,0.7]}]"),
]
Metrics = Annotated[
    Any,
    AfterValidator(_are_metrics),
    Field(description=f"one of, or a list of different ones of, {', '.join(ON_REQUEST)}"),
]
EpochChooser = Annotated[
    str, AfterValidator(_is_epoch_chooser), Field(description=f"one of {', '.join(epoch_choosers())}")
]
Objective = Annotated[
    Any,
    AfterValidator(_are_objectives),
    Field(description=f"one of, or a list of different ones of, {', '.join(known_objectives())}"),
]
