"""The names of configurations."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import and_list, setting


def varying(frames: Frames) -> Sequence[str]:
    """The settings besides placement and rate that distinguish configurations: methods, schedules, parameters."""
    dropped = frames.trials[~frames.trials["baseline"]]
    names = [name for name in ("dropout", "schedule") if dropped[name].nunique() > 1]
    for name in frames.parameters:
        is_context = name in frames.context_parameters
        rows = frames.trials if is_context else dropped
        if rows[name].nunique(dropna=not is_context) > 1:  # null is a setting, too
            names.append(name)
    return names


def configuration(trial: "pd.Series[Any] | Mapping[Any, Any]", names: Sequence[str], context: Sequence[str]) -> str:
    """The name of a trial: where it drops and how much, then its `names`; a baseline has only those in `context`."""
    if trial["baseline"]:
        return ", ".join(["no dropout", *group_parts(trial, [name for name in names if name in context])])
    if pd.notna(trial["placement"]) and pd.notna(trial["rate"]):
        where = f"{trial['placement']} at {setting(float(trial['rate']))}"
    else:
        where = per_site(trial)
    return ", ".join([where, *group_parts(trial, names)])


def per_site(trial: "pd.Series[Any] | Mapping[Any, Any]") -> str:
    """Site rates as text, sites of one rate together: `input at 0.1, hidden.0 and hidden.1 at 0.3`."""
    sites: dict[str, list[str]] = {}
    for name, rate in trial.items():
        if str(name).startswith("rates.") and isinstance(rate, float) and rate > 0:
            sites.setdefault(setting(rate), []).append(str(name).removeprefix("rates."))
    return ", ".join(f"{and_list(names)} at {rate}" for rate, names in sites.items())


def group_parts(trial: "pd.Series[Any] | Mapping[Any, Any]", names: Sequence[str]) -> list[str]:
    """`spatial`, `early`, `lr=0.01`: methods by value alone, parameters by the shortest unique name.

    Those of a group of parameters have the whole key: `lr` alone would be the optimizer's, and `5.lr` says nothing.
    """
    last = [name if name.startswith("optimizer.groups.") else name.rpartition(".")[2] for name in names]
    return [
        setting(trial[name])
        if name in ("dropout", "schedule")
        else f"{short if last.count(short) == 1 else name}={setting(trial[name])}"
        for name, short in zip(names, last, strict=True)
        if pd.notna(trial[name])
    ]
