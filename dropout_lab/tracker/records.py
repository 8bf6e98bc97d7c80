"""The finished runs of a sweep folder in the form for trackers, read while the records grow."""

import json
import math
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from dropout_lab.core.metrics.lookup import possible_curve_names
from dropout_lab.core.trial import canonical_json, digest
from dropout_lab.records.fields import Record
from dropout_lab.records.folder import SESSIONS, files
from dropout_lab.tracker.tracker import TrackedRun, TrackedSweep, Value

NO_SUMMARY = frozenset({"seed", "attempt", "session", "width", "threads"})
"""Numbers of a run's record that are not its results."""

LABEL = ("placement", "rate", "dropout", "schedule")


def sweep_of(folder: Path) -> TrackedSweep:
    """The sweep of a folder that has at least one session."""
    first = json.loads((folder / SESSIONS).open().readline())
    name = folder.resolve().name
    return TrackedSweep(folder, name, digest([name, first["started"]]))


class FinishedRuns:
    """Reader of the records appended since the last read. It keeps the curves of runs that are still in training."""

    def __init__(self, folder: Path, known: Collection[str] = ()) -> None:
        self._folder, self._known = folder, known
        self._read: dict[Path, int] = {}
        self._trials: dict[str, Record] = {}
        self._curves: dict[str, dict[str, dict[int, float]]] = {}

    def new(self) -> Iterator[TrackedRun]:
        """Yield the runs that have ended since, except the known ones."""
        ended = list(self._appended("runs"))  # first, so that everything written before a run's record is present
        for trial in self._appended("trials"):
            self._trials.setdefault(trial["key"], trial)
        for rows in self._appended("curves"):
            self._add(rows)
        for rows in self._appended("learned"):
            self._add_learned(rows)
        for run in ended:
            curves = self._curves.pop(run["id"], {})
            if run["id"] not in self._known and run["key"] in self._trials:
                yield _tracked(run, self._trials[run["key"]], curves)

    def _add(self, rows: Record) -> None:
        for lane, run in enumerate(rows["id"]):
            if run in self._known:
                continue
            curves = self._of(run)
            for name in possible_curve_names():
                if name in rows and rows[name][lane] is not None:
                    curves[name][int(rows["epoch"][lane])] = float(rows[name][lane])

    def _add_learned(self, rows: Record) -> None:
        """Add learned quantities as curves `<quantity>/<site>`."""
        for run, epoch, site, quantity, value in zip(
            *(rows[name] for name in ("id", "epoch", "site", "quantity", "value")), strict=True
        ):
            if run not in self._known:
                self._of(run).setdefault(f"{quantity}/{site}", {})[int(epoch)] = float(value)

    def _of(self, run: str) -> dict[str, dict[int, float]]:
        return self._curves.setdefault(run, {name: {} for name in possible_curve_names()})

    def _appended(self, kind: str) -> Iterator[Record]:
        for path in files(self._folder, kind):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                content = file.read()
            whole = content[: content.rfind(b"\n") + 1]
            self._read[path] = self._read.get(path, 0) + len(whole)
            yield from map(json.loads, whole.splitlines())


def _tracked(run: Record, trial: Record, curves: Mapping[str, Mapping[int, float]]) -> TrackedRun:
    label = trial["label"]
    params = {name: _plain(value) for name, value in trial["params"].items() if value is not None}
    params |= {name: _plain(label[name]) for name in LABEL if label.get(name) is not None}
    params |= {f"rates.{site}": float(rate) for site, rate in trial["rates"].items()}
    about: dict[str, Value] = {name: run[name] for name in ("seed", "attempt")}
    about |= {"trial": trial["trial"], "baseline": not trial["rates"], "status": run["status"]}
    if run["reason"] is not None:
        about["reason"] = run["reason"]
    numbers = {name: value for name, value in run.items() if name not in NO_SUMMARY and _is_number(value)}
    return TrackedRun(
        id=run["id"],
        name=f"trial {trial['trial']} seed {run['seed']}" + (f" again {run['attempt']}" if run["attempt"] > 1 else ""),
        group=run["key"],
        status=run["status"],
        params=params,
        about=about,
        curves={name: curve for name, curve in curves.items() if curve},
        summary={name: float(value) for name, value in numbers.items()},
    )


def _plain(value: Any) -> Value:
    return value if isinstance(value, bool | int | float | str) else canonical_json(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
