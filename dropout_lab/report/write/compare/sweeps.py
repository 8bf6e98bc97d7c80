"""The sweeps that are compared, and whether they can be."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dropout_lab.core.errors import UserError
from dropout_lab.report.answer.headline import all_failed
from dropout_lab.report.frames.load import Frames, load
from dropout_lab.report.spelling import title
from dropout_lab.report.topics.choice import Choice, choose
from dropout_lab.report.topics.configurations.configurations import configurations


@dataclass(frozen=True)
class Sweep:
    """A sweep with its table of configurations and its own answer. `name`: unique among the sweeps."""

    name: str
    folder: Path
    frames: Frames
    table: pd.DataFrame
    choice: Choice


def sweeps(folders: Sequence[Path]) -> list[Sweep]:
    """Load the sweeps; raises UserError for a folder without a sweep, a repeated one, and what `check` refuses."""
    resolved = [folder.resolve() for folder in folders]
    for folder, where in zip(folders, resolved, strict=True):
        if resolved.count(where) > 1:
            raise UserError(f"{folder}: the same sweep is given twice; every sweep has one row")
    frames = [load(folder) for folder in folders]
    check(frames, folders)
    found = []
    for name, folder, one in zip(names(resolved), folders, frames, strict=True):
        table = configurations(one)
        found.append(Sweep(name, folder, one, table, choose(one, table)))
    return found


def _task(frames: Frames) -> str:
    if frames.is_multilabel:
        return "multilabel"
    return "classification" if frames.is_classification else "regression"


def check(frames: Sequence[Frames], folders: Sequence[Path]) -> None:
    """Raise UserError, with the reason, for sweeps whose differences from no dropout are not comparable."""
    first, rest = frames[0], list(zip(frames[1:], folders[1:], strict=True))
    for one, folder in zip(frames, folders, strict=True):
        if len(one.runs) and (one.runs["status"] == "failed").all():
            raise UserError(f"{folder}: {all_failed(one)}")
        if not (one.runs["status"] == "complete").any():
            raise UserError(f"{folder}: no run is complete, so there is nothing to compare")
    for one, folder in rest:
        tasks = [_task(f) for f in (first, one)]
        if tasks[0] != tasks[1]:
            raise UserError(
                f"{folders[0]} is {tasks[0]} and {folder} is {tasks[1]}: their losses have different units, so "
                "they cannot be compared"
            )
        if one.objectives[0] != first.objectives[0]:
            raise UserError(
                f"{folders[0]} chose its best by {title(first.objectives[0])} and {folder} by "
                f"{title(one.objectives[0])}: only sweeps of one objective can be compared"
            )
        examples = [_gap_examples(f) for f in (first, one)]
        if "gap" in first.objectives[0] and examples[0] != examples[1]:
            raise UserError(
                f"{folders[0]} measured the gap on trainer.gap_examples={examples[0]} and {folder} on {examples[1]}: "
                "these gaps cannot be compared"
            )


def names(folders: Sequence[Path]) -> list[str]:
    """The shortest ends of the paths that are all different."""
    for parts in range(1, max(len(folder.parts) for folder in folders) + 1):
        short = ["/".join(folder.parts[-parts:]) for folder in folders]
        if len(set(short)) == len(short):
            return short
    return [str(folder) for folder in folders]


def _gap_examples(frames: Frames) -> object:
    settings = frames.asked.get("settings") or {}
    return (settings.get("trainer") or {}).get("gap_examples")
