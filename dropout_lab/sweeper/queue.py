"""The runs of a sweep, as one worker sees them: trials become runs for the trainer, results become records.

A trial is trained once per seed. Its value is the mean over its runs, and the study gets it when the last has ended.
"""

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

from optuna.trial import TrialState

from dropout_lab.cohort.recipe import LaneUsage, Recipe, Result
from dropout_lab.cohort.width import ExecutionPlan
from dropout_lab.core.trial import Config, Execution, Run
from dropout_lab.records.fields import Record
from dropout_lab.records.ledger import Ledger, curve
from dropout_lab.records.writer import Writer
from dropout_lab.sweeper.asking import Asker
from dropout_lab.sweeper.execution import choose_execution
from dropout_lab.sweeper.grid import Grid
from dropout_lab.sweeper.kept import Kept
from dropout_lab.sweeper.open_trials import OpenTrials
from dropout_lab.sweeper.plan import Plan
from dropout_lab.sweeper.progress import Progress
from dropout_lab.sweeper.recording import Recorder
from dropout_lab.sweeper.study import KEY, Study
from dropout_lab.sweeper.trainer_protocol import Trainer


class Queue:
    """A `RunQueue` over the study. It feeds one cohort at a time: `_structure` says which runs that can take."""

    def __init__(
        self, plan: Plan, study: Study, ledger: Ledger, writer: Writer, trainer: Trainer, progress: Progress
    ) -> None:
        self._plan, self._study, self._ledger = plan, study, ledger
        self._trainer, self._progress = trainer, progress
        self._recorder, self._kept = Recorder(plan, ledger, writer), Kept(plan, ledger)
        self._trials = OpenTrials(plan, study, ledger)
        self._asker = Asker(plan, study, ledger, self._recorder, trainer, self._trials, progress)
        self._pending: list[Run] = []
        self._running: dict[str, Run] = {}
        self._stop: set[str] = set()
        self._structure = ""
        self._width = 1
        self._is_grid = isinstance(study.study.sampler, Grid)

    # What the worker asks

    def next_structure(self) -> Config | None:
        """Choose the structure of the next cohort; None when nothing is left to train."""
        if not self._pending and not self._ask():
            return None
        self._structure = self._ledger.structure(self._pending[0].trial.key)
        return self._spec(self._pending[0])

    def execution(self, threads: int) -> ExecutionPlan:
        """How the next cohort is trained; see `choose_execution`."""
        before = self._ledger.execution(self._structure)
        runs = self.planned() if before is None else max(1, math.ceil(self._ahead() / self._plan.workers))
        spec = self._spec(self._pending[0])
        chosen = choose_execution(self._plan, self._trainer, spec, before, runs, threads, self.say)
        self._width = chosen.widths.most
        return chosen

    def give_back(self) -> None:
        """Return the trials in training to the study's queue, for another process to continue."""
        self._trials.give_back()

    # What the trainer asks and reports; see `RunQueue`

    def planned(self) -> int:
        """A worker's share of all runs that the plan has for the structure; of a sampler's, all that it may suggest."""
        if self._is_grid:
            trials = len(self._of_structure(self._plan.keys or self._ledger.trials.keys()))
        else:
            trials = self._plan.n_trials or 0
        return max(1, math.ceil(trials * self._plan.seeds / self._plan.workers))

    def say(self, text: str) -> None:
        """Show a line about how the training goes."""
        self._progress.say(text)

    def next(self) -> Recipe | None:
        """The next run that the cohort can take, or None if there is none now."""
        # Pruning by seed compares trials over their first seeds, so several trials are open before second seeds start.
        by_seed = self._plan.config["prune_step"] == "seed"
        wanted = self._width if by_seed else 1
        while True:
            fitting = self._fitting()
            # Runs of other structures wait for their own cohort: not too many, other workers want some too.
            if len({run.trial.key for run in fitting}) >= wanted or len(self._pending) - len(fitting) >= self._width:
                break
            if not self._ask():
                break
        if not fitting:
            return None
        run = min(fitting, key=lambda run: (run.seed, run.number)) if by_seed else fitting[0]
        self._pending.remove(run)
        self._running[run.id] = run
        self._progress.started(run)
        recipe = self._trainer.recipe(run)
        return replace(recipe, keep="best") if self._kept.is_wanted else recipe

    def began(self, execution: Execution) -> None:
        """Record how the cohort is trained."""
        self._recorder.cohort(self._structure, execution)

    def used(self, usage: LaneUsage) -> None:
        """Record how an epoch used the cohort's lanes."""
        self._recorder.lanes(self._structure, usage)

    def epoch(self, rows: Mapping[str, Sequence[float | int | str | None]]) -> set[str]:
        """Record the metrics of an epoch, and return the ids of the runs that the pruner stops."""
        self._recorder.epoch(rows)
        self._progress.epoch(len(rows["id"]))
        if self._trials.prunes_by_epoch:
            column = curve(rows, self._plan.objectives[0])
            for run_id, epoch, value in zip(rows["id"], rows["epoch"], column, strict=True):
                run = self._running[str(run_id)]
                if value is not None and self._trials.prunes_at_epoch(run, int(epoch or 0), float(value)):
                    self._prune(run.trial.key)
        stop, self._stop = self._stop, set()
        return stop

    def done(self, results: Sequence[Result]) -> None:
        """Record the results of runs that left their lanes."""
        ended = [(self._running[result.recipe.id], result) for result in results]
        for (run, _), record in zip(ended, self._recorder.results(ended), strict=True):
            del self._running[run.id]
            self._ended(run, record)

    # Bookkeeping

    def _ask(self) -> bool:
        """Open one more trial that has runs to train; False if there is none."""
        if self._asker.is_exhausted:
            return False
        runs = self._asker.ask()
        self._pending += runs
        if self._asker.is_exhausted:
            self._progress.only(len(self._pending) + len(self._running))
        return bool(runs)

    def _ended(self, run: Run, record: Record) -> None:
        key = run.trial.key
        trial = self._trials[key]
        self._progress.ended(run, record, self._ledger.trials[key]["label"])
        trial.unfinished.discard(run.seed)
        if self._trials.prunes_at_seed(run, record):
            self._prune(key)
        if trial.unfinished:
            return
        if (values := self._trials.finish(key)) is not None and self._ledger.has_learned(key):
            self._progress.trial_ended(self._ledger.trials[key], values)
        self._kept.trial_ended(key)

    def _prune(self, key: str) -> None:
        """Stop a trial's runs in training, and record those that have not begun as pruned."""
        trial = self._trials[key]
        trial.stopped = True
        self._stop |= {run.id for run in self._running.values() if run.trial.key == key}
        unstarted = [run for run in self._pending if run.trial.key == key]
        self._pending = [run for run in self._pending if run.trial.key != key]
        for run in unstarted:
            record = self._recorder.pruned(run)
            self._progress.ended(run, record, self._ledger.trials[key]["label"])
            trial.unfinished.discard(run.seed)

    def _ahead(self) -> int:
        """About how many runs are left for the cohort in training, or chosen to be."""
        if not self._is_grid:
            searched = max(0, (self._plan.n_trials or 0) - self._study.spent())
            return len(self._fitting()) + searched * self._plan.seeds
        waiting = {str(trial.user_attrs[KEY]) for trial in self._study.trials(TrialState.WAITING)}
        seeds, retries = range(self._plan.seeds), self._plan.config["retries"]
        keys = self._of_structure(waiting & (self._plan.keys or waiting))
        return len(self._fitting()) + sum(len(self._ledger.missing(key, seeds, retries)) for key in keys)

    def _of_structure(self, keys: Set[str]) -> Sequence[str]:
        """Those of a grid's keys whose runs the cohort can take."""
        known = keys & self._ledger.trials.keys()
        return [key for key in known if self._ledger.structure(key) == self._structure]

    def _fitting(self) -> list[Run]:
        return [run for run in self._pending if self._ledger.structure(run.trial.key) == self._structure]

    def _spec(self, run: Run) -> Config:
        spec: Config = self._ledger.trials[run.trial.key]["structure"]
        return spec
