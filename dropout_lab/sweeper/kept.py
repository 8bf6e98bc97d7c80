"""Which runs' weights a sweep keeps: with `trainer.keep=best`, those of what may still be its answer.

The answer of a report is the configuration with the best mean of the first objective, or no dropout. So the files of
these two, and of configurations whose runs have not all ended, stay; the others are removed as soon as they are beaten.
"""

from collections.abc import Mapping
from pathlib import Path

from dropout_lab.core.metrics.lookup import objectives
from dropout_lab.records import weights
from dropout_lab.records.fields import Record
from dropout_lab.records.folder import WEIGHTS
from dropout_lab.records.ledger import Ledger
from dropout_lab.sweeper.plan import Plan
from dropout_lab.sweeper.progress import name

Rank = tuple[bool, float, int]
"""Smaller is better: whether nothing was learned, the objective to be minimised, the trial's number."""


class Kept:
    """The weights in a sweep's folder, as one process sees them in its ledger."""

    def __init__(self, plan: Plan, ledger: Ledger) -> None:
        self._folder, self._ledger = plan.folder, ledger
        self._seeds = range(plan.seeds)
        self._objective: str = plan.objectives[0]
        self._sign = -1 if objectives()[self._objective].is_maximised else 1
        self._mode: str = plan.config["trainer"]["keep"]
        self._best: str | None = None
        for key in ledger.trials if self._mode == "best" else ():
            self._worse(key)

    @property
    def is_wanted(self) -> bool:
        """Whether runs hand over their weights."""
        return self._mode != "none"

    def trial_ended(self, key: str) -> None:
        """Remove the files of a configuration whose last run has ended, or of the best before it if that is beaten."""
        worse = self._worse(key) if self._mode == "best" else None
        if worse is not None and self._ledger.trials[worse]["rates"]:
            runs = [run["id"] for seed in self._seeds if (run := self._ledger.runs.get((worse, seed))) is not None]
            weights.remove(self._folder, runs)

    def settle(self) -> None:
        """Remove the files of all configurations that can no longer be the answer, also of those of other processes."""
        if self._mode != "best":
            return
        trials = self._ledger.trials
        left = {key for key in trials if key == self._best or not trials[key]["rates"] or not self._has_ended(key)}
        weights.remove(self._folder, [run for run in weights.runs(self._folder) if run.partition("-")[0] not in left])

    def _worse(self, key: str) -> str | None:
        """The worse one of a configuration that has ended and the best so far; None if there is none."""
        rank = self._rank(key)
        if rank is None:
            return key if self._has_ended(key) else None
        known = None if self._best is None or self._best == key else self._rank(self._best)
        if known is not None and known < rank:
            return key
        beaten = None if known is None else self._best
        self._best = key
        return beaten

    def _has_ended(self, key: str) -> bool:
        return not self._ledger.missing(key, self._seeds, retries=0)

    def _rank(self, key: str) -> Rank | None:
        """As the report ranks configurations; None unless all its runs are complete."""
        values = self._ledger.values(key, self._seeds, [self._objective])
        if values is None:
            return None
        unlearned = sum(self._ledger.runs[key, seed].get("learned") is False for seed in self._seeds)
        number: int = self._ledger.trials[key]["trial"]
        return 2 * unlearned >= len(self._seeds), self._sign * values[0], number


def settle(plan: Plan, ledger: Ledger) -> str | None:
    """Remove, at a command's end, what no process knew to be beaten; a sentence about what is kept, if it is asked for.

    `ledger`: of all records. The caller holds the folder's lock, and no worker is at work.
    """
    kept = Kept(plan, ledger)
    weights.remove_unfinished(plan.folder)
    if not kept.is_wanted:
        return None
    kept.settle()
    return _said(plan.folder, ledger)


def _said(folder: Path, ledger: Ledger) -> str:
    there = weights.runs(folder)
    counts: Mapping[str, tuple[Record, int]] = {
        key: (trial, sum(run["id"] in there for (of, _), run in ledger.runs.items() if of == key))
        for key, trial in sorted(ledger.trials.items(), key=lambda item: int(item[1]["trial"]))
    }
    parts = [
        f"trial {trial['trial']} ({name(trial['label'])}, {count} run{'s' if count > 1 else ''})"
        for trial, count in counts.values()
        if count
    ]
    if not parts:
        return f"no weights are kept in {folder}: no run was trained that could be the answer"
    shown = f"{', '.join(parts[:3])}{f' and {len(parts) - 3} more' if len(parts) > 3 else ''}"
    return f"weights are kept of {shown}: {folder / WEIGHTS}"
