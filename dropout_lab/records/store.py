"""The memory of a sweep: append-only files of JSON lines in one folder, which a crash can shorten but not corrupt.

A sweep folder holds

    config.yaml          the settings of the first command, resolved, for people
    study.journal        Optuna's study, made again from the records wherever it does not agree with them
    sessions.jsonl       one record per command: its words, what it asked for, versions, machine
    trials.jsonl         one record per configuration: number, key, parameters, site rates, the whole config
    cohorts-<worker>.jsonl  one record per cohort, before its first epoch: its structure, width, way and threads
    runs-<worker>.jsonl  one record per finished training: status, summary metrics, what is needed to repeat it
    curves-<worker>.jsonl  one record per cohort and epoch: the metrics of every lane, as parallel lists
    learned-<worker>.jsonl  where methods learn: one record per cohort and epoch, what the sites of the lanes learned
    lanes-<worker>.jsonl  one record per cohort and epoch: how many lanes trained a run, when, and for how long

and, made from these, the report. Each worker appends to its own files; trials.jsonl is written by one process at a
time, under the sweep's locks. A record is one line, written by one system call; a line without its newline is the torn
end of an interrupted write, and only the last line of a file can be torn. Curves, and what was learned, may hold rows
of trainings that never finished: a row counts if the run of its `id` has a record.
"""

import errno
import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType
from typing import Any

from dropout_lab.core.errors import UserError, reading, writing
from dropout_lab.core.trial import canonical_json, digest

Record = Mapping[str, Any]

JOURNAL = "study.journal"

CURVE_METRICS = ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "running_loss")
"""The metrics of every epoch. Train metrics are of the fixed part of the training data, in evaluation mode."""

EXECUTION = ("width", "compiled", "threads")
"""How a run was trained, as far as its last bits depend on it."""

FIELDS: Mapping[str, frozenset[str]] = {
    "sessions": frozenset(
        {"session", "started", "command", "axes", "seeds", "objective", "settings", "versions", "device"}
    ),
    "trials": frozenset({"trial", "key", "context", "label", "params", "rates", "config", "structure"}),
    "cohorts": frozenset({"structure", "session", *EXECUTION}),
    "runs": frozenset({"id", "key", "seed", "attempt", "status", "reason", "epochs", "session", *EXECUTION}),
    "curves": frozenset({"id", "epoch", *CURVE_METRICS}),
    "learned": frozenset({"id", "epoch", "site", "quantity", "value"}),
    "lanes": frozenset({"session", "worker", "structure", "width", "used", "started", "seconds"}),
}

LISTS = ("curves", "learned")
"""The kinds whose records are parallel lists."""


NUMBERS = (int, float, NoneType)

TYPES: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "sessions": {
        **dict.fromkeys(("session", "seeds"), (int,)),
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
        **dict.fromkeys(("compiled", "stopped_early", "still_improving", "learned", "diverged"), (bool, NoneType)),
    },
    "lanes": {
        "structure": (str,),
        **dict.fromkeys(("session", "worker", "width", "used"), (int,)),
        **dict.fromkeys(("started", "seconds"), (int, float)),
    },
}
"""What the fields of a record are, where it matters; other fields of a run are numbers, or missing."""


@dataclass(frozen=True)
class Records:
    """All records of a sweep folder, in the order in which they were written, file by file."""

    sessions: Sequence[Record]
    trials: Sequence[Record]
    cohorts: Sequence[Record]
    runs: Sequence[Record]
    curves: Sequence[Record]
    learned: Sequence[Record] = ()
    lanes: Sequence[Record] = ()
    torn: Sequence[str] = field(default=())
    """A sentence for each last line that was passed over because it is torn, and for lost records of commands."""


NONE = Records([], [], [], [], [])


def is_sweep(folder: Path) -> bool:
    with reading(folder):
        return (folder / "sessions.jsonl").is_file()


def read(folder: Path, without: Collection[str] = ()) -> Records:
    """Every record of a sweep folder but of the kinds `without`; torn last lines are passed over and listed.

    Raises UserError if the folder is no sweep or a file cannot be read, or, naming file and line, if a record is
    damaged.
    """
    with reading(folder):
        if not folder.is_dir():
            raise UserError(f"{folder} is no sweep folder: there is no such folder")
    if not is_sweep(folder):
        raise UserError(f"{folder} is no sweep folder: it has no sessions.jsonl, which every sweep writes first")
    torn: list[str] = []
    kinds = {
        kind: [r for path in files(folder, kind) if kind not in without for r in _records(path, kind, torn)]
        for kind in FIELDS
    }
    _check_numbers(folder, kinds["trials"])
    if kinds["trials"] and not kinds["sessions"]:
        torn.append(
            f"{folder / 'sessions.jsonl'}: the records of the commands are lost, and with them what they asked for"
        )
    return Records(**kinds, torn=torn)


def _check_numbers(folder: Path, trials: Sequence[Record]) -> None:
    """Raises UserError where one number stands for two configurations, as in records that were put together by hand."""
    first: dict[int, str] = {}
    for line, record in enumerate(trials, start=1):
        if first.setdefault(record["trial"], record["key"]) != record["key"]:
            raise _damaged(
                folder / "trials.jsonl", line, f"trial {record['trial']} is another configuration in a line above"
            )


def damage_of_journal(folder: Path) -> str | None:
    """Where Optuna's journal is damaged elsewhere than at a torn end; None if each of its lines is a JSON object."""
    path = folder / JOURNAL
    with reading(path):
        *lines, _ = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        try:
            whole = isinstance(parsed(line), dict)
        except ValueError:
            whole = False
        if not whole:
            return f"is damaged in line {number}"
    return None


def repair(folder: Path) -> Sequence[str]:
    """Cuts torn last lines off, so that the next record starts a line of its own; says what was cut."""
    said = []
    for path in [*folder.glob(JOURNAL), *(path for kind in FIELDS for path in files(folder, kind))]:
        with reading(path):
            content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            with writing(path), path.open("r+b") as file:
                file.truncate(len(whole))
            said.append(f"{path}: the last record was torn by an interruption and has been removed")
    return said


def epoch_records(rows: Mapping[str, Sequence[Any]]) -> Mapping[str, Record]:
    """The metrics of an epoch, a column each, as records by kind; columns `<what>/<site>` are learned, if any."""
    records: dict[str, Record] = {"curves": {name: values for name, values in rows.items() if "/" not in name}}
    long: dict[str, list[Any]] = {name: [] for name in ("id", "epoch", "site", "quantity", "value")}
    for name in [name for name in rows if "/" in name]:
        quantity, _, site = name.partition("/")
        for run, epoch, value in zip(rows["id"], rows["epoch"], rows[name], strict=True):
            if value is not None:
                for column, entry in zip(long, (run, epoch, site, quantity, value), strict=True):
                    long[column].append(entry)
    return records | ({"learned": long} if long["id"] else {})


class Writer:
    """Appends records to the files of one worker; creates the folder on the first write."""

    def __init__(self, folder: Path, worker: int = 0) -> None:
        self.folder = folder
        self.worker = worker
        self._descriptors: dict[str, int] = {}

    def append(self, kind: str, record: Record, *, durable: bool = True) -> None:
        """Writes one record; if `durable`, it and all before it are on the disk, not only in a cache, on return.

        Raises UserError if the record cannot be written, whole: what there is of it is removed.
        """
        missing = FIELDS[kind] - record.keys()
        if missing:
            raise ValueError(f"a record of {kind} lacks {sorted(missing)}")
        line = (canonical_json(record) + "\n").encode()
        path = self._path(kind)
        with writing(path):
            if kind not in self._descriptors:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._descriptors[kind] = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            descriptor = self._descriptors[kind]
            written = os.write(descriptor, line)
            if written != len(line):  # the disk is full: another worker's next record must not continue this line
                os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if durable:
            self.sync()

    def sync(self) -> None:
        """All that was written is on the disk on return, not only in a cache."""
        for kind, descriptor in self._descriptors.items():
            with writing(self._path(kind)):
                os.fsync(descriptor)

    def _path(self, kind: str) -> Path:
        shared = kind in ("sessions", "trials")
        return self.folder / (f"{kind}.jsonl" if shared else f"{kind}-{self.worker}.jsonl")

    def close(self) -> None:
        for descriptor in self._descriptors.values():
            os.close(descriptor)
        self._descriptors.clear()


def files(folder: Path, kind: str) -> Sequence[Path]:
    return sorted(folder.glob(f"{kind}.jsonl")) + sorted(folder.glob(f"{kind}-*.jsonl"))


def _records(path: Path, kind: str, torn: list[str]) -> Sequence[Record]:
    records = []
    for number, line in enumerate(whole_lines(path, torn).split(b"\n")[:-1], start=1):
        try:
            record = parsed(line)
            missing = FIELDS[kind] - record.keys()
        except (ValueError, AttributeError) as error:
            raise _damaged(path, number, str(error)) from error
        if missing:
            raise _damaged(path, number, f"no {', '.join(sorted(missing))}")
        records.append(record)
    _check_types(path, kind, records)
    for number, record in enumerate(records, start=1):
        if kind == "trials" and (why := _contradiction(record)):
            raise _damaged(path, number, why)
        if kind == "runs" and record["status"] == "complete" and record.get("val_loss") is None:
            raise _damaged(path, number, "no val_loss, though it is complete")
    return records


def _contradiction(trial: Record) -> str:
    """What in a configuration's record cannot be; empty if nothing."""
    if digest(trial["config"]) != trial["key"]:
        return "its config is not the one that its key was made from"
    if trial["config"].get("rates") != trial["rates"]:
        return f"rates is {trial['rates']}, and in its config {trial['config'].get('rates')}"
    if trial["trial"] < 0:
        return f"trial is {trial['trial']}"
    if type(trial["label"].get("rate")) not in NUMBERS:
        return f"label.rate is {trial['label']['rate']!r}"
    return ""


def parsed(line: bytes) -> Any:
    """The JSON of a line. Raises ValueError for what is none, and for NaN, which is none either."""
    try:
        return json.loads(line, parse_constant=_refused)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def whole_lines(path: Path, torn: list[str]) -> bytes:
    """The file up to its last newline; if there is more, `torn` gets a sentence on it."""
    with reading(path):
        content = path.read_bytes()
    end = content.rfind(b"\n") + 1
    if end < len(content):
        torn.append(f"{path}: the last record was torn by an interruption and is left out")
        return content[:end]
    return content


def _check_types(path: Path, kind: str, records: Sequence[Record]) -> None:
    """Raises UserError for the first record with a value of another type than it is written with.

    Field by field: what type the values have is asked of a million values in the time in which a function is called
    for a hundred thousand.
    """
    absent = object()
    for name in dict.fromkeys(name for record in records for name in record):
        values = [record.get(name, absent) for record in records]
        if kind in LISTS:
            seen = set(map(type, values))
            good = seen <= {list, object} and all(
                set(map(type, value)) <= {float, int, NoneType, str} for value in values if value is not absent
            )
        else:
            good = set(map(type, values)) <= {*_types(kind, name), object}
        if not good:
            break
    else:
        return
    for number, record in enumerate(records, start=1):
        for name, value in record.items():
            if not _is_of_kind(kind, name, value):
                raise _damaged(path, number, f"{name} is {value!r}")


def _types(kind: str, name: str) -> Sequence[type]:
    """The types of a field's values; NoneType where one may be missing."""
    anything = (dict, list, str, int, float, bool, NoneType)
    return TYPES.get(kind, {}).get(name, NUMBERS if kind == "runs" else anything)


def _is_of_kind(kind: str, name: str, value: Any) -> bool:
    if kind in LISTS:
        return type(value) is list and all(type(item) in (float, int, NoneType, str) for item in value)
    return type(value) in _types(kind, name)


def _damaged(path: Path, line: int, why: str) -> UserError:
    again = ", or delete the line: its run is then trained again" if path.name.startswith("runs") else ""
    return UserError(f"{path}, line {line}: the record is damaged ({why}); restore the file{again}")
