"""A sweep's folder: the names of its files, and the format of what they hold.

    config.yaml          the settings of the first command, resolved, for people
    study.journal        Optuna's study, made again from the records wherever it does not agree with them
    sessions.jsonl       one record per command: its words, what it asked for, versions, machine, format
    trials.jsonl         one record per configuration: number, key, parameters, site rates, the whole config
    cohorts-<worker>.jsonl  one record per cohort, before its first epoch: its structure, width, way and threads
    runs-<worker>.jsonl  one record per finished training: status, summary metrics, what is needed to repeat it
    curves-<worker>.jsonl  one record per cohort and epoch: the metrics of every lane, as parallel lists
    learned-<worker>.jsonl  where methods learn: one record per cohort and epoch, what the sites of the lanes learned
    lanes-<worker>.jsonl  one record per cohort and epoch: how many lanes trained a run, when, and for how long
    predictions/<run>.npz  the predictions of a complete run of a classification, see `predictions`
    weights/<run>.safetensors  the network of a complete run's best epoch, see `weights`
    locks/<name>.lock    held by the processes at work

and, made from these, the report.
"""

from collections.abc import Sequence
from pathlib import Path

from dropout_lab.core.errors import reading

FORMAT = 1
"""The format of the records that this version writes, in the field `format` of a session's record.

It goes up when an older version would misread what is written. A new field, metric or kind of record needs no new
format: readers pass over what they do not know. A folder without the field has format 1.
"""

JOURNAL = "study.journal"
SETTINGS = "config.yaml"
SESSIONS = "sessions.jsonl"
TRIALS = "trials.jsonl"
REPORT = "report.html"
PREDICTIONS = "predictions"
WEIGHTS = "weights"
LOCKS = "locks"


def is_sweep(folder: Path) -> bool:
    """Whether the folder holds the records of a sweep. Raises UserError if it cannot be read."""
    with reading(folder):
        return (folder / SESSIONS).is_file()


def file_of(folder: Path, kind: str, worker: int) -> Path:
    """Where a worker writes the records of a kind; those of sessions and trials have one file for all workers."""
    shared = kind in ("sessions", "trials")
    return folder / (f"{kind}.jsonl" if shared else f"{kind}-{worker}.jsonl")


def files(folder: Path, kind: str) -> Sequence[Path]:
    """The files with the records of a kind, of all workers."""
    return sorted(folder.glob(f"{kind}.jsonl")) + sorted(folder.glob(f"{kind}-*.jsonl"))


def lock_file(folder: Path, name: str) -> Path:
    """The lock of this name, e.g. `sweep`, which a running sweep holds."""
    return folder / LOCKS / f"{name}.lock"
