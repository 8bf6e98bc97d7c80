"""What a sweep folder already knows: its trials by key, and every run's last result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dropout_lab.core.metrics import SUMMARY_FIELD
from dropout_lab.core.trial import Execution, Trial, digest
from dropout_lab.records.store import EXECUTION, Record, Records


@dataclass
class Ledger:
    """The records of a sweep, indexed; kept up to date by whoever writes more."""

    trials: dict[str, Record] = field(default_factory=dict)
    runs: dict[tuple[str, int], Record] = field(default_factory=dict)
    cohorts: dict[str, Record] = field(default_factory=dict)
    """Structure -> how its last cohort is trained."""
    _structures: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Records) -> "Ledger":
        ledger = cls()
        for record in records.trials:
            ledger.add_trial(record)
        for record in records.runs:
            ledger.add_run(record)
        for run in records.runs:  # whose cohort's record may be lost; pruned before it began, it was in none
            if run["key"] in ledger.trials and run["width"] > 0:
                ledger.cohorts[ledger.structure(run["key"])] = run
        ledger.cohorts |= {record["structure"]: record for record in records.cohorts}
        return ledger

    def merge(self, other: "Ledger") -> None:
        """Take what another ledger of the same sweep knows besides."""
        for record in other.trials.values():
            self.add_trial(record)
        for record in other.runs.values():
            self.add_run(record)
        self.cohorts |= other.cohorts

    def add_trial(self, record: Record) -> None:
        self.trials.setdefault(record["key"], record)

    def add_run(self, record: Record) -> None:
        """Takes a run's record; of several attempts the last one counts."""
        known = self.runs.get((record["key"], record["seed"]))
        if known is None or record["attempt"] >= known["attempt"]:
            self.runs[record["key"], record["seed"]] = record

    def trial(self, key: str) -> Trial:
        return Trial(self.trials[key]["config"])

    def structure(self, key: str) -> str:
        """A hash of what the runs of `key` must share with others to be trained in one cohort."""
        if key not in self._structures:
            self._structures[key] = digest(self.trials[key]["structure"])
        return self._structures[key]

    def execution(self, structure: str) -> Execution | None:
        """How the last cohort of this structure is trained; None if there was none."""
        record = self.cohorts.get(structure)
        return Execution(**{name: record[name] for name in EXECUTION}) if record else None

    def missing(self, key: str, seeds: Iterable[int], retries: int) -> list[tuple[int, int]]:
        """(seed, attempt) of the runs that `key` still needs: never trained, or failed and to be tried again."""
        needed = []
        for seed in seeds:
            run = self.runs.get((key, seed))
            if run is None:
                needed.append((seed, 1))
            elif run["status"] == "failed" and run["attempt"] <= retries:
                needed.append((seed, run["attempt"] + 1))
        return needed

    def failed(self, keys: Iterable[str], seeds: Sequence[int]) -> int:
        """How many of these configurations' runs have failed at their last attempt."""
        return sum(self.runs.get((key, seed), {}).get("status") == "failed" for key in keys for seed in seeds)

    def values(self, key: str, seeds: Iterable[int], objectives: Sequence[str]) -> list[float] | None:
        """The mean of every objective over the seeds; None unless all of them are complete."""
        runs = [self.runs.get((key, seed)) for seed in seeds]
        if any(run is None or run["status"] != "complete" for run in runs):
            return None
        found = [[score(run, objective) for run in runs if run is not None] for objective in objectives]
        return [sum(scores) / len(scores) for scores in found]

    def statuses(self, key: str, seeds: Iterable[int]) -> set[str]:
        return {run["status"] for seed in seeds if (run := self.runs.get((key, seed))) is not None}


def score(run: Mapping[str, Any], objective: str) -> float:
    """The value of an objective in a run's record."""
    return float(run[SUMMARY_FIELD.get(objective, objective)])


def curve(rows: Mapping[str, Sequence[Any]], objective: str) -> Sequence[float | None]:
    """An objective of every row of an epoch. A gap, no column of its own, is in loss, or in percentage points."""
    if objective in rows:
        return rows[objective]
    if objective == "gap":
        pairs, scale = zip(rows["val_loss"], rows["train_loss"], strict=True), 1
    else:
        pairs, scale = zip(rows["train_accuracy"], rows["val_accuracy"], strict=True), 100
    return [None if a is None or b is None else scale * (a - b) for a, b in pairs]
