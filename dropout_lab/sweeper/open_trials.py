"""The trials that a worker trains: what the study learns of them, while their runs last and when they have ended."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import optuna
from optuna.pruners import NopPruner
from optuna.trial import TrialState

from dropout_lab.core.trial import Run
from dropout_lab.records.fields import Record
from dropout_lab.records.ledger import Ledger, score
from dropout_lab.sweeper.plan import Plan
from dropout_lab.sweeper.study import OUTSIDE, Study


@dataclass
class OpenTrial:
    """A trial whose runs are in training."""

    optuna_trial: optuna.Trial
    key: str
    unfinished: set[int]
    """Seeds without a result."""
    curves: dict[int, dict[int, float]] = field(default_factory=dict)
    """Epoch -> seed -> the first objective, until all seeds have it."""
    reported: set[int] = field(default_factory=set)
    """Epochs that the study has a value of, also from before an interruption."""
    twins: list[optuna.Trial] = field(default_factory=list)
    """Trials for which the sampler suggested the same configuration meanwhile."""
    stopped: bool = False


class OpenTrials:
    """A worker's open trials, by key."""

    def __init__(self, plan: Plan, study: Study, ledger: Ledger) -> None:
        self._plan, self._study, self._ledger = plan, study, ledger
        self._by_key: dict[str, OpenTrial] = {}
        prunes = not isinstance(study.study.pruner, NopPruner)
        self.prunes_by_seed = prunes and plan.config["prune_step"] == "seed"
        self.prunes_by_epoch = prunes and not self.prunes_by_seed

    def __len__(self) -> int:
        return len(self._by_key)

    def __getitem__(self, key: str) -> OpenTrial:
        return self._by_key[key]

    def __contains__(self, key: object) -> bool:
        return key in self._by_key

    def open(self, claimed: optuna.Trial, key: str, seeds: set[int]) -> None:
        """Take a claimed trial whose runs with these seeds will be trained."""
        trial = OpenTrial(claimed, key, seeds)
        if self.prunes_by_seed or self.prunes_by_epoch:
            trial.reported |= self._study.trials()[claimed.number].intermediate_values.keys()
        self._by_key[key] = trial

    def prunes_at_epoch(self, run: Run, epoch: int, value: float) -> bool:
        """Report the mean over the seeds once all in training have this epoch; whether the pruner then ends the trial.

        `value` is the run's first objective.
        """
        trial = self._by_key[run.trial.key]
        reached = trial.curves.setdefault(epoch, {})
        reached[run.seed] = value
        if trial.stopped or not trial.unfinished <= reached.keys():
            return False
        if epoch not in trial.reported:
            trial.optuna_trial.report(math.fsum(reached.values()) / len(reached), epoch)
        del trial.curves[epoch]
        return trial.optuna_trial.should_prune()

    def prunes_at_seed(self, run: Run, record: Record) -> bool:
        """Report a complete run's first objective; whether the pruner then ends the trial."""
        trial = self._by_key[run.trial.key]
        if not self.prunes_by_seed or record["status"] != "complete" or trial.stopped:
            return False
        value = score(record, self._plan.objectives[0])
        if run.seed not in trial.reported and value is not None:
            trial.optuna_trial.report(value, run.seed)
        return bool(trial.unfinished) and trial.optuna_trial.should_prune()

    def finish(self, key: str, claimed: optuna.Trial | None = None) -> Sequence[float] | None:
        """Report to the study how a trial and its twins ended, from the records of its runs.

        `claimed`: the trial, if it had no runs to train. Returns its objectives, None unless all runs are complete.
        """
        trial = self._by_key.pop(key, None)
        ended = [] if trial is None else [trial.optuna_trial, *trial.twins]
        seeds = range(self._plan.seeds)
        values = self._ledger.values(key, seeds, self._plan.objectives)
        pruned = "pruned" in self._ledger.statuses(key, seeds)
        for one in ended if claimed is None else [claimed]:
            if values is not None and OUTSIDE not in one.user_attrs:
                self._study.study.tell(one, values)
            else:
                self._study.study.tell(one, state=TrialState.PRUNED if pruned else TrialState.FAIL)
        return values

    def give_back(self) -> None:
        """Return the trials in training to the study's queue, for another process to continue."""
        numbers = {trial.optuna_trial.number for trial in self._by_key.values()}
        self._study.requeue([t for t in self._study.trials(TrialState.RUNNING) if t.number in numbers])
