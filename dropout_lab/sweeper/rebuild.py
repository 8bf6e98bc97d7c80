"""The study made again from the records where its journal is lost or disagrees: the records are the truth.

The records hold what a sampler or a pruner learns from: values, parameters and reports. They do not hold the repeats
of a sampler, nor the order in which trials ended, which bounds the generations of a genetic one.
"""

import math
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.pruners import HyperbandPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseGASampler
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from dropout_lab.core.errors import writing
from dropout_lab.records.fields import Record
from dropout_lab.records.folder import JOURNAL
from dropout_lab.records.ledger import Ledger, curve, score
from dropout_lab.records.repair import damage_of_journal
from dropout_lab.records.store import Records
from dropout_lab.sweeper.grid import Grid
from dropout_lab.sweeper.plan import Plan
from dropout_lab.sweeper.study import BASELINE, KEY, NAME, OUTSIDE, directions, known, pruner, sampler, storage

MEMORY = re.compile(r"(?:cma|cmawm|sepcma):|.*optimizer")
"""Names of the system attributes in which Optuna's CMA-ES, of any kind, keeps pickles that it loads."""


def agree(plan: Plan, records: Records, ledger: Ledger, ours: Collection[str]) -> str | None:
    """Make the study again unless it agrees with the records; return why, in a sentence, or None if it does agree.

    `ours`: keys of the configurations that the command itself names, whose records it can write again. The caller
    holds the folder's lock, and no worker has opened the study yet.
    """
    past = Past(plan, records, ledger)
    journal = plan.folder / JOURNAL
    why = _objection(past, ours)
    if why is None or not (records.trials or journal.exists()):
        return None
    draft = journal.with_name(f".{JOURNAL}.tmp")
    with writing(journal):
        draft.unlink(missing_ok=True)
        _write(past, draft)
        os.replace(draft, journal)
    return f"{journal} {why}: the study is made again from the records (configurations: {len(past.numbers)})"


@dataclass(frozen=True)
class Past:
    """A sweep's trials according to its records, in the study's terms."""

    plan: Plan
    records: Records
    ledger: Ledger

    @property
    def numbers(self) -> Mapping[int, str]:
        """Trial number -> key."""
        return {record["trial"]: record["key"] for record in sorted(self.records.trials, key=lambda r: int(r["trial"]))}

    @property
    def asked(self) -> Sequence[int]:
        """The numbers of seeds that this and earlier commands asked for, largest first."""
        return sorted({*(session["seeds"] for session in self.records.sessions), self.plan.seeds}, reverse=True)

    def values(self, key: str) -> list[list[float]]:
        """A configuration's objectives: their means over the seeds of each command whose runs are all complete."""
        found = (self.ledger.values(key, range(seeds), self.plan.objectives) for seeds in self.asked)
        return [values for values in found if values is not None]

    def state(self, key: str) -> tuple[TrialState, list[float] | None]:
        """The state of a configuration's trial when the last command ended; it waits if some runs had not ended."""
        for seeds in self.asked:
            if self.ledger.missing(key, range(seeds), retries=0):
                continue
            values = self.ledger.values(key, range(seeds), self.plan.objectives)
            if values is not None:
                return TrialState.COMPLETE, values
            pruned = "pruned" in self.ledger.statuses(key, range(seeds))
            return (TrialState.PRUNED if pruned else TrialState.FAIL), None
        return TrialState.WAITING, None


def _objection(past: Past, ours: Collection[str]) -> str | None:
    """Why the journal's study cannot be continued; None if it can."""
    plan = past.plan
    journal = plan.folder / JOURNAL
    if not journal.exists():
        return "is missing"
    if (damage := damage_of_journal(plan.folder)) is not None:
        return damage
    try:
        there = storage(plan, journal)
        names = [study.study_name for study in there.get_all_studies()]
        study = optuna.load_study(study_name=NAME, storage=there) if NAME in names else None
        trials = [] if study is None else study.get_trials(deepcopy=False)
    except OSError:
        raise
    except Exception:  # Optuna executes the lines: those that it did not write can raise anything
        return "is damaged"
    if study is None:  # a first command may have been interrupted before it made one
        return "holds no study of this program" if names or past.records.trials else None
    if study.directions != directions(plan):
        return "is of other objectives"
    if _disagrees(past, trials, ours):
        return "does not agree with the records"
    if not plan.config["trust"] and _remembers(there, study):
        return "holds the sampler's memory as a pickle, which could run anything; trust=true goes on with it"
    return None


def _disagrees(past: Past, trials: Sequence[FrozenTrial], ours: Collection[str]) -> bool:
    for number, key in past.numbers.items():
        if number >= len(trials):
            return True
        found: str | None = trials[number].user_attrs.get(KEY)
        # A trial's record is written before the study learns of its key, and an interruption can come between.
        if found != key and (found is not None or trials[number].state.is_finished()):
            return True
    for trial in trials:
        noted: str | None = trial.user_attrs.get(KEY)
        if noted is None or not trial.state.is_finished():
            continue
        if noted not in past.ledger.trials:
            if noted not in ours:
                return True
        elif trial.state == TrialState.COMPLETE and trial.values not in past.values(noted):
            return True
    return False


def _remembers(there: BaseStorage, study: optuna.Study) -> bool:
    """Whether the study holds pickles that a sampler would load; this package's records need none of them.

    Any sampler may: one that wraps CMA-ES loads them too.
    """
    noted = [there.get_study_system_attrs(study._study_id), *(trial.system_attrs for trial in study.get_trials(False))]
    return any(MEMORY.match(name) for attributes in noted for name in attributes)


def _write(past: Past, journal: Path) -> None:
    """Write a study with the trials of the records, under their numbers."""
    there = storage(past.plan, journal)
    searches, prunes = sampler(past.plan.config["sampler"]), pruner(past.plan.config["pruner"])
    study = optuna.create_study(study_name=NAME, storage=there, sampler=searches, directions=directions(past.plan))
    breeds = isinstance(searches, BaseGASampler)
    climbs = isinstance(prunes, SuccessiveHalvingPruner | HyperbandPruner)
    for trial in _trials(past, is_grid=isinstance(searches, Grid)):
        if not ((breeds and trial.params and not trial.user_attrs[BASELINE]) or (climbs and trial.intermediate_values)):
            study.add_trial(trial)
            continue
        # Generations and rungs are noted at a trial while it lives: it lives through them again.
        study.add_trial(
            optuna.trial.create_trial(
                state=TrialState.RUNNING,
                params=trial.params,
                distributions=trial.distributions,
                user_attrs=trial.user_attrs,
            )
        )
        made = study.get_trials(deepcopy=False)[-1]._trial_id
        if isinstance(searches, BaseGASampler):
            searches.get_trial_generation(  # a study that is opened anew has no older trials in mind
                optuna.load_study(study_name=NAME, storage=there), there.get_trial(made)
            )
        for step, value in trial.intermediate_values.items():
            there.set_trial_intermediate_value(made, step, value)
            if climbs:
                prunes.prune(study, there.get_trial(made))
        there.set_trial_state_values(made, trial.state, trial.values)


def _trials(past: Past, *, is_grid: bool) -> Iterator[FrozenTrial]:
    """The trials in the order of their numbers. A number without a record is a sampler's repeat."""
    numbers, reports = past.numbers, _reports(past)
    for number in range(max(numbers, default=-1) + 1):
        key = numbers.get(number)
        if key is None:
            yield optuna.trial.create_trial(state=TrialState.FAIL)
            continue
        record = past.ledger.trials[key]
        state, values = past.state(key)
        axes = None if is_grid else [axis for axis in past.plan.axes if axis.key in record["params"]]
        params, distributions, attributes = known(key, record["params"], baseline=not record["rates"], axes=axes)
        if state == TrialState.COMPLETE and OUTSIDE in attributes:
            state, values = TrialState.FAIL, None
        yield optuna.trial.create_trial(
            state=state,
            values=values,
            params=params,
            distributions=distributions,
            user_attrs=attributes,
            intermediate_values=dict(reports.get(key, {})),
        )


def _reports(past: Past) -> Mapping[str, Mapping[int, float]]:
    """Key -> step -> what the pruner got: the mean over seeds at an epoch, or the value of a seed."""
    plan = past.plan
    if isinstance(pruner(plan.config["pruner"]), NopPruner):
        return {}
    runs: dict[str, list[Record]] = {}
    for (key, _), run in past.ledger.runs.items():
        runs.setdefault(key, []).append(run)
    if plan.config["prune_step"] == "seed":
        return {
            key: {
                run["seed"]: value
                for run in own
                if run["status"] == "complete" and (value := score(run, plan.objectives[0])) is not None
            }
            for key, own in runs.items()
        }
    curves: dict[str, dict[int, float]] = {}
    for rows in past.records.curves:
        for run, epoch, value in zip(rows["id"], rows["epoch"], curve(rows, plan.objectives[0]), strict=True):
            if value is not None:
                curves.setdefault(run, {})[epoch] = value
    ended = {key: own for key, own in runs.items() if past.state(key)[0] != TrialState.WAITING}
    return {key: dict(_means(own, curves)) for key, own in ended.items()}


def _means(runs: Sequence[Record], curves: Mapping[str, Mapping[int, float]]) -> Iterator[tuple[int, float]]:
    """(epoch, mean over the runs that reached it), for epochs that every run reached or had completed before."""
    begun = [run for run in runs if run["epochs"] > 0]
    for epoch in range(1, max((run["epochs"] for run in begun), default=0) + 1):
        reached = [curves[run["id"]][epoch] for run in begun if epoch in curves.get(run["id"], {})]
        ended = [run for run in begun if run["status"] == "complete" and run["epochs"] < epoch]
        if reached and len(reached) + len(ended) == len(begun):
            yield epoch, math.fsum(reached) / len(reached)
