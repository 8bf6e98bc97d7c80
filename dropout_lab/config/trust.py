"""Which classes a folder's records may name: instantiating a record calls them, and a stranger may have chosen them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, get_type_hints

from dropout_lab.config.targets import find
from dropout_lab.core.errors import UserError

ROOMS = (
    "models",
    "adoption",
    "datasets",
    "dropout",
    "config.schedule",
    "config.lr_schedule",
    "config.momentum_schedule",
    "cohort.loss",
    "cohort.measures",
    "cohort.optim",
)
HOMES = tuple(f"dropout_lab.{room}." for room in ROOMS)
"""The homes of the classes that a config names. Other functions of this package are not safe to call from a record."""


def check(recorded: Any, where: str, own: Collection[str] = ()) -> None:
    """Raises UserError for the first target in a recorded config that is from outside this package.

    own: targets that the user's own command names.
    """
    for key, target in called(recorded):
        if target not in own and not is_ours(target):
            if key.endswith("_target_") and "${" not in target:
                why = (
                    "which is not of this package. A record can name any function, and training it calls that function"
                )
            else:
                why = (
                    "an interpolation, and this package writes none into records. To resolve it can read your"
                    " environment, and it can name any function"
                )
            raise UserError(
                f"{where}: its record has {key}={target}, {why}. If you know who made the folder, and trust them:"
                " trust=true"
            )


def called(config: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Key and value of everything that instantiating a config would call or resolve, at any depth.

    These are its `_target_`s, and its interpolations, which can compose a `_target_`. Our own records have no
    interpolations: they hold resolved values.
    """
    if isinstance(config, Mapping):
        for name, value in config.items():
            inner = f"{key}.{name}" if key else str(name)
            if name == "_target_":
                yield inner, str(value)
            else:
                yield from called(value, inner)
    elif isinstance(config, str):
        if "${" in config:
            yield key, config
    elif isinstance(config, Sequence):
        for place, value in enumerate(config):
            yield from called(value, f"{key}[{place}]")


@cache
def is_ours(target: str) -> bool:
    """Whether a target is a class of this package, or a function that makes a dataset, under the name of its origin."""
    if not target.startswith(HOMES):
        return False
    try:
        found = find(target)
        origin = f"{found.__module__}.{found.__qualname__}"
        makes_data = not isinstance(found, type) and get_type_hints(found)["return"].__name__ == "Dataset"
    except Exception:  # whatever looking it up raises: it is not one of ours
        return False
    return origin == target and (isinstance(found, type) or makes_data)
