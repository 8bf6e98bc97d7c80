"""The name of a sweep's folder, where the command gives none."""

from collections.abc import Mapping, Sequence

from dropout_lab.config.roles import role
from dropout_lab.core.trial import digest
from dropout_lab.sweeper.space import Axis, key_of


def folder_name(fixed: Sequence[str], axes: Sequence[Axis], choices: Mapping[str, str], command: str) -> str:
    """A name that another command with the same settings has too, so that a wider grid continues its sweep.

    `fixed`: overrides with one value; `choices`: the members of the config groups, by group.
    """
    experiment = choices.get("experiment", "null")
    begin = command if experiment in ("null", "None") else experiment
    keys = {line: key_of(line) for line in fixed}
    hashed = sorted(
        line for line, key in keys.items() if key != "experiment" and role(key) not in ("control", "machine")
    )
    if experiment in ("null", "None"):
        hashed += sorted(axis.key for axis in axes)
    return f"{begin}_{digest(hashed, 6)}" if hashed else begin
