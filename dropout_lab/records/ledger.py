"""An index of a sweep's records: its trials by key, and the last result of every run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dropout_lab.core.metrics.lookup import objectives, per_epoch, possible_curve_names
from dropout_lab.core.metrics.summary import of_epoch
from dropout_lab.core.trial import Execution, Trial, digest
from dropout_lab.records.fields import EXECUTION, Record
from dropout_lab.records.store import Records


@dataclass
class Ledger:
    """The records of a sweep, indexed. The writer of further records adds them here, too."""

    trials: dict[str, Record] = field(default_factory=dict)
    runs: dict[tuple[str, int], Record] = field(default_factory=dict)
    cohorts: dict[str, Record] = field(default_factory=dict)
    """Hash of a structure -> the record of its last cohort."""
    _structures: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Records) -> "Ledger":
        ledger = cls()
        for record in records.trials:
            ledger.add_trial(record)
        for record in records.runs:
            ledger.add_run(record)
        for run in records.runs:  # the cohort's record may be lost; a run pruned before it began has no cohort
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
        """Adds a run's record; the last of several attempts counts."""
        known = self.runs.get((record["key"], record["seed"]))
        if known is None or record["attempt"] >= known["attempt"]:
            self.runs[record["key"], record["seed"]] = record

    def trial(self, key: str) -> Trial:
        return Trial(self.trials[key]["config"])

    def structure(self, key: str) -> str:
        """A hash of everything that the runs of one cohort share."""
        if key not in self._structures:
            self._structures[key] = digest(self.trials[key]["structure"])
        return self._structures[key]

    def execution(self, structure: str) -> Execution | None:
        """How the last cohort of this structure was trained; None if there was none."""
        record = self.cohorts.get(structure)
        return Execution(**{name: record[name] for name in EXECUTION}) if record else None

    def missing(self, key: str, seeds: Iterable[int], retries: int) -> list[tuple[int, int]]:
        """(seed, attempt) of the runs that `key` still needs: never trained, or failed with retries left."""
        needed = []
        for seed in seeds:
            run = self.runs.get((key, seed))
            if run is None:
                needed.append((seed, 1))
            elif run["status"] == "failed" and run["attempt"] <= retries:
                needed.append((seed, run["attempt"] + 1))
        return needed

    def failed(self, keys: Iterable[str], seeds: Sequence[int]) -> int:
        """How many runs of these configurations failed in their last attempt."""
        return sum(self.runs.get((key, seed), {}).get("status") == "failed" for key in keys for seed in seeds)

    def values(self, key: str, seeds: Iterable[int], objectives: Sequence[str]) -> list[float] | None:
        """The mean of every objective over the seeds; None unless all runs are complete and have all objectives."""
        runs = [self.runs.get((key, seed), {}) for seed in seeds]
        if any(run.get("status") != "complete" for run in runs):
            return None
        means = []
        for objective in objectives:
            scores = [value for run in runs if (value := score(run, objective)) is not None]
            if len(scores) < len(runs):
                return None
            means.append(sum(scores) / len(scores))
        return means

    def has_learned(self, key: str) -> bool:
        """Whether more than half of a configuration's complete runs beat the chance level, as far as that is known."""
        runs = [run for (of, _), run in self.runs.items() if of == key and run["status"] == "complete"]
        return 2 * sum(run.get("learned") is False for run in runs) < max(1, len(runs))

    def statuses(self, key: str, seeds: Iterable[int]) -> set[str]:
        return {run["status"] for seed in seeds if (run := self.runs.get((key, seed))) is not None}


def score(run: Mapping[str, Any], objective: str) -> float | None:
    """The value of an objective in a run's record; None where it is missing, as in one older than the metric."""
    value = run.get(objectives()[objective].name)
    return None if value is None else float(value)


def curve(rows: Mapping[str, Sequence[Any]], objective: str) -> Sequence[float | None]:
    """An objective in every row of an epoch; None where it does not exist. A gap is computed from its two sides."""
    name = objectives()[objective].name
    if name in rows:
        return rows[name]
    measured = [metric for metric in possible_curve_names() if metric in rows]
    metrics, epochs = per_epoch(), zip(*(rows[metric] for metric in measured), strict=True)
    return [of_epoch(metrics, dict(zip(measured, at, strict=True)))[name] for at in epochs]
