"""The kinds of records, and their fields."""

from collections.abc import Mapping
from types import NoneType
from typing import Any

from dropout_lab.core.metrics.lookup import run_fields
from dropout_lab.core.metrics.metric import FLAG

Record = Mapping[str, Any]

EXECUTION = ("width", "compiled", "threads")
"""How a run was trained, as far as its last bits depend on it."""

FIELDS: Mapping[str, frozenset[str]] = {
    "sessions": frozenset(
        {"session", "started", "command", "axes", "seeds", "objective", "settings", "versions", "device"}
    ),
    "trials": frozenset({"trial", "key", "context", "label", "params", "rates", "config", "structure"}),
    "cohorts": frozenset({"structure", "session", *EXECUTION}),
    "runs": frozenset({"id", "key", "seed", "attempt", "status", "reason", "epochs", "session", *EXECUTION}),
    "curves": frozenset({"id", "epoch", "val_loss"}),
    "learned": frozenset({"id", "epoch", "site", "quantity", "value"}),
    "lanes": frozenset({"session", "worker", "structure", "width", "used", "started", "seconds"}),
}
"""The fields that a record must have. Metrics are missing from records that are older than they are."""

LISTS = ("curves", "learned")
"""The kinds whose records are parallel lists."""

NUMBERS = (int, float, NoneType)
_ANYTHING = (dict, list, str, int, float, bool, NoneType)

_TYPES: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "sessions": {
        **dict.fromkeys(("session", "seeds", "format"), (int,)),
        **dict.fromkeys(("started", "command", "device"), (str,)),
        **dict.fromkeys(("axes", "settings", "versions"), (dict,)),
        "objective": (list,),
    },
    "trials": {
        "trial": (int,),
        "key": (str,),
        "label": (dict,),
        "params": (dict,),
        "rates": (dict,),
        "config": (dict,),
        "structure": (dict,),
    },
    "cohorts": {"structure": (str,), "width": (int,), "compiled": (bool,), "threads": (int,)},
    "runs": {
        **dict.fromkeys(("id", "key", "status"), (str,)),
        **dict.fromkeys(("reason", "traceback"), (str, NoneType)),
        **dict.fromkeys(("seed", "attempt", "epochs", "session", "width", "threads"), (int,)),
        **dict.fromkeys(("compiled", "stopped_early"), (bool, NoneType)),
    },
    "lanes": {
        "structure": (str,),
        **dict.fromkeys(("session", "worker", "width", "used"), (int,)),
        **dict.fromkeys(("started", "seconds"), (int, float)),
    },
}


def types_of(kind: str, name: str) -> tuple[type, ...]:
    """The types of a field's values; NoneType among them where a value may be missing."""
    known = _TYPES.get(kind, {}).get(name)
    if known is not None or kind != "runs":
        return known or _ANYTHING
    metric = run_fields().get(name)
    return (bool, NoneType) if metric is not None and metric.unit is FLAG else NUMBERS
