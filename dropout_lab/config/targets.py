"""Look-up of the object that a config's `_target_` names."""

import importlib
from types import ModuleType
from typing import Any

from dropout_lab.config.handed import handed_object, is_handed


def find(target: str) -> Any:
    """The object of a dotted name, or one handed over from Python (`config.handed`).

    Raises ImportError whose message says what is missing and what to do.
    Hydra's own look-up, hydra.utils.get_object, finds the same objects, but prints those that it does not find.
    """
    if is_handed(target):
        try:
            return handed_object(target)
        except LookupError as error:
            raise ImportError(str(error)) from None
    first, *rest = target.split(".")
    found, name = _module(first), first
    for part in rest:
        if not hasattr(found, part) and not isinstance(found, ModuleType):
            raise ImportError(f"{name} has no {part}")
        found, name = getattr(found, part) if hasattr(found, part) else _module(f"{name}.{part}"), f"{name}.{part}"
    return found


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        parent, _, last = name.rpartition(".")
        if not isinstance(error, ModuleNotFoundError) or error.name != name:
            said = f"the module {name} cannot be imported: {type(error).__name__}: {error}"
        elif parent:
            said = f"the module {parent} has no {last}"
        else:
            said = (
                f"there is no module {name}; if {name}.py is yours, give the command in its folder, or put that folder"
                " on PYTHONPATH"
            )
        raise ImportError(said) from error
