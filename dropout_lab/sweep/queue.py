"""The runs of a sweep, as one worker sees them: asks the study for trials, gives their runs to the trainer, and tells.

A trial is trained once per seed. Its value is the mean over its runs, told when the last of them has ended.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import optuna
from filelock import FileLock
from optuna.pruners import NopPruner
from optuna.trial import TrialState

from dropout_lab.cohort.recipe import Compile, Recipe, Result, Use
from dropout_lab.cohort.width import Widths
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import Config, Execution, Run
from dropout_lab.records import predictions, store
from dropout_lab.records.fields import Record
from dropout_lab.records.folder import lock_file
from dropout_lab.records.ledger import Ledger, curve, score
from dropout_lab.records.writer import Writer, epoch_records
from dropout_lab.sweep.grid import Grid
from dropout_lab.sweep.plan import Plan, Trainer, best_widths
from dropout_lab.sweep.progress import Progress
from dropout_lab.sweep.space import params
from dropout_lab.sweep.study import BASELINE, KEY, OUTSIDE, Study

REPEATS = 200
"""A sampler that suggests known configurations so many times in a row has found all there are."""


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


class Queue:
    """A `RunQueue` over the study. One cohort is fed at a time: `structure` says which runs it can take."""

    def __init__(
        self, plan: Plan, study: Study, ledger: Ledger, writer: Writer, trainer: Trainer, progress: Progress
    ) -> None:
        self.plan, self.study, self.ledger = plan, study, ledger
        self._writer, self._trainer, self._progress = writer, trainer, progress
        self._open: dict[str, OpenTrial] = {}
        self._pending: list[Run] = []
        self._running: dict[str, Run] = {}
        self._structure: str | None = None
        self._is_grid = isinstance(study.study.sampler, Grid)
        self._prunes = not isinstance(study.study.pruner, NopPruner)
        self._prune_by_seed = plan.config["prune_step"] == "seed"
        self._keeps = bool(plan.config["trainer"]["keep_predictions"])
        self._width = 1
        self._stop: set[str] = set()
        self._exhausted = False
        self._asking = FileLock(lock_file(plan.folder, "ask"))

    @property
    def seeds(self) -> range:
        return range(self.plan.seeds)

    def next_structure(self) -> Config | None:
        """Chooses the structure of the next cohort; None when nothing is left to train."""
        if not self._pending and (self._exhausted or not self._ask()):
            return None
        self._structure = self.ledger.structure(self._pending[0].trial.key)
        return self._spec(self._pending[0])

    def execution(self, threads: int) -> tuple[Widths, Compile, int]:
        """The lanes of the next cohort, whether it is compiled, and the threads of each of its processes, where there
        are `threads` for all of them.

        What is left to choose is as it was for the structure's cohort before: compiled, the last bits of a result
        depend on width and threads, and a sweep must not depend on where it was interrupted.
        """
        trainer = self.plan.config["trainer"]
        done = self.ledger.execution(self._structure or "")
        runs = self.planned() if done is None else max(1, math.ceil(self._ahead() / self.plan.workers))
        compile: Compile = trainer["compile"]
        if compile == "auto" and done is not None:
            compile = "again" if done.compiled else "never"
        processes = self._trainer.processes(self.plan.device, threads)
        asked = trainer["width"]
        if done is not None and done.compiled and (asked == "auto" or done.width <= int(asked)):
            most = 1 if done.threads > 1 else processes if asked == "auto" else int(asked) // done.width
            widths = Widths.fixed(done.width, min(processes, most, math.ceil(runs / done.width)))
            self._width = widths.most
            return widths, compile, done.threads
        if asked != "auto":
            widths = Widths.in_all(min(int(asked), runs), processes)
        else:
            widths = best_widths(self._trainer, self._spec(self._pending[0]), self.plan.device, self.say).for_runs(
                runs, processes
            )
        self._width = widths.most
        return widths, compile, threads if widths.processes == 1 else 1

    def planned(self) -> int:
        """A worker's share of all runs that the plan has for the structure, of a sampler of all that it may suggest."""
        if self._is_grid:
            keys = (self.plan.keys or self.ledger.trials.keys()) & self.ledger.trials.keys()
            trials = sum(self.ledger.structure(key) == self._structure for key in keys)
        else:
            trials = self.plan.n_trials or 0
        return max(1, math.ceil(trials * self.plan.seeds / self.plan.workers))

    def _ahead(self) -> int:
        """About how many runs there are still for the cohort in training, or chosen to be."""
        if self._is_grid:
            waiting = {str(trial.user_attrs[KEY]) for trial in self.study.trials(TrialState.WAITING)}
            waiting &= self.plan.keys or waiting
            return len(self._fitting()) + sum(
                len(self.ledger.missing(key, self.seeds, self.plan.config["retries"]))
                for key in waiting
                if self.ledger.structure(key) == self._structure
            )
        return len(self._fitting()) + max(0, (self.plan.n_trials or 0) - self.study.spent()) * self.plan.seeds

    def say(self, text: str) -> None:
        self._progress.say(text)

    def next(self) -> Recipe | None:
        # Pruning by seed compares trials over their first seeds, so several trials are open before second seeds start.
        wanted = self._width if self._prune_by_seed else 1
        while True:
            fitting = self._fitting()
            # Runs of other structures wait for their own cohort: not too many, other workers want some too.
            if len({run.trial.key for run in fitting}) >= wanted or len(self._pending) - len(fitting) >= self._width:
                break
            if self._exhausted or not self._ask():
                break
        if not fitting:
            return None
        run = min(fitting, key=lambda run: (run.seed, run.number)) if self._prune_by_seed else fitting[0]
        self._pending.remove(run)
        self._running[run.id] = run
        self._progress.started(run)
        return self._trainer.recipe(run, self._spec(run))

    def epoch(self, rows: Mapping[str, Sequence[float | int | str | None]]) -> set[str]:
        for kind, record in epoch_records(rows).items():
            self._writer.append(kind, record, durable=False)
        self._progress.epoch(len(rows["id"]))
        if self._prunes and not self._prune_by_seed:
            column = curve(rows, self.plan.objectives[0])
            for run_id, epoch, value in zip(rows["id"], rows["epoch"], column, strict=True):
                if value is not None:
                    self._report_epoch(self._running[str(run_id)], int(epoch or 0), float(value))
        stop, self._stop = self._stop, set()
        return stop

    def used(self, use: Use) -> None:
        where = {"session": self.plan.session, "worker": self._writer.worker, "structure": self._structure}
        when = {"started": round(use.started, 6), "seconds": round(use.seconds, 6)}
        self._writer.append("lanes", {**where, "width": use.width, "used": use.used, **when}, durable=False)

    def began(self, execution: Execution) -> None:
        how = {"structure": self._structure, "session": self.plan.session, **asdict(execution)}
        self._writer.append("cohorts", how)
        self.ledger.cohorts[str(self._structure)] = how

    def done(self, results: Sequence[Result]) -> None:
        records = [self._record(self._running[result.recipe.id], result) for result in results]
        for result in results:
            if result.answers is not None and self._keeps:
                predictions.write(self.plan.folder, result.recipe.id, result.answers.log_probs, result.answers.targets)
        for record in records:
            self._writer.append("runs", record, durable=False)
        self._writer.sync()
        for record in records:
            self._ended(self._running.pop(record["id"]), record)

    def _ended(self, run: Run, record: Record) -> None:
        self.ledger.add_run(record)
        self._progress.ended(run, record, self.ledger.trials[run.trial.key]["label"])
        trial = self._open[run.trial.key]
        trial.unfinished.discard(run.seed)
        if self._prunes and self._prune_by_seed and record["status"] == "complete" and not trial.stopped:
            if run.seed not in trial.reported:
                value = score(record, self.plan.objectives[0])
                if value is not None:
                    trial.optuna_trial.report(value, run.seed)
            if trial.unfinished and trial.optuna_trial.should_prune():
                self._prune(trial)
        if not trial.unfinished:
            self._tell(trial)

    def give_back(self) -> None:
        """Returns the trials in training to the study's queue, for whoever continues."""
        numbers = {trial.optuna_trial.number for trial in self._open.values()}
        self.study.requeue([t for t in self.study.trials(TrialState.RUNNING) if t.number in numbers])

    # Asking

    def _ask(self) -> bool:
        """Opens one more trial that has runs to train; False if there is none."""
        for _ in range(REPEATS + len(self.ledger.trials)):
            trial = self.study.claim(self.plan.keys)
            if trial is None and self._is_grid:
                return False
            if trial is None or KEY not in trial.user_attrs:
                with self._asking:  # one worker at a time, so that all together ask for as many as are wanted
                    if trial is None and self.study.spent() >= (self.plan.n_trials or 0):
                        return False
                    trial = self._suggested(trial or self.study.study.ask())
            if trial is not None and self._opens(trial):
                return True
        self._progress.say("the sampler suggests nothing new any more: the search space is exhausted")
        self._exhausted = True
        self._progress.only(len(self._pending) + len(self._running))
        return False

    def _suggested(self, trial: optuna.Trial) -> optuna.Trial | None:
        """Gives a trial the sampler's values; None, and told or soon to be told, if they are known from another."""
        values = self._values(trial)
        try:
            described = self._trainer.describe(*self.plan.compose(values))
        except UserError as error:
            self._progress.say(f"a suggestion of the sampler that cannot be trained: {values}: {error}")
            self.study.study.tell(trial, state=TrialState.FAIL)
            return None
        key = described.trial.key
        twin = self.study.same(key, trial.number)
        if twin is None:
            register(self._writer, self.ledger, trial.number, described, values)
        trial.set_user_attr(BASELINE, described.trial.is_baseline)
        trial.set_user_attr(KEY, key)
        if twin is None:
            return trial
        if key in self._open:
            self._open[key].twins.append(trial)
        elif twin.state == TrialState.COMPLETE:
            self.study.study.tell(trial, twin.values)
        else:  # pruned or failed, or in training elsewhere, and then this trial teaches the sampler nothing
            self.study.study.tell(trial, state=twin.state if twin.state.is_finished() else TrialState.FAIL)
        return None

    def _values(self, trial: optuna.Trial) -> dict[str, Any]:
        """What the sampler suggests: first members of groups, then the keys that these have."""
        groups = self.plan.compose.groups
        values: dict[str, Any] = {}
        for axis in sorted(self.plan.axes, key=lambda axis: axis.key not in groups):
            if self.plan.asks_for(axis, values):
                values[axis.key] = axis.suggest(trial)
        return values

    def _opens(self, claimed: optuna.Trial) -> bool:
        """Puts the runs that a claimed trial still needs into the queue; False, and told, if it needs none."""
        key = str(claimed.user_attrs[KEY])
        if key not in self.ledger.trials:  # another worker's, given back
            self.ledger = Ledger.of(store.read(self.plan.folder))
        missing = self.ledger.missing(key, self.seeds, self.plan.config["retries"])
        trial = OpenTrial(claimed, key, {seed for seed, _ in missing})
        if not missing:
            self._tell(trial)
            return False
        if self._prunes:
            trial.reported |= self.study.trials()[claimed.number].intermediate_values.keys()
        self._open[key] = trial
        configuration, number = self.ledger.trial(key), self.ledger.trials[key]["trial"]
        self._pending += [Run(configuration, number, seed, attempt) for seed, attempt in missing]
        return True

    def _fitting(self) -> list[Run]:
        return [run for run in self._pending if self.ledger.structure(run.trial.key) == self._structure]

    def _spec(self, run: Run) -> Config:
        spec: Config = self.ledger.trials[run.trial.key]["structure"]
        return spec

    # Pruning

    def _report_epoch(self, run: Run, epoch: int, value: float) -> None:
        """Reports the mean over seeds once every seed in training has this epoch, and prunes if the pruner says so."""
        trial = self._open[run.trial.key]
        reached = trial.curves.setdefault(epoch, {})
        reached[run.seed] = value
        if trial.stopped or not trial.unfinished <= reached.keys():
            return
        if epoch not in trial.reported:
            trial.optuna_trial.report(math.fsum(reached.values()) / len(reached), epoch)
        del trial.curves[epoch]
        if trial.optuna_trial.should_prune():
            self._prune(trial)

    def _prune(self, trial: OpenTrial) -> None:
        trial.stopped = True
        self._stop |= {run.id for run in self._running.values() if run.trial.key == trial.key}
        unstarted = [run for run in self._pending if run.trial.key == trial.key]
        self._pending = [run for run in self._pending if run.trial.key != trial.key]
        for run in unstarted:
            record = self._base(run) | {
                "status": "pruned",
                "reason": "pruned before it began",
                "epochs": 0,
                **asdict(Execution(width=0, compiled=False, threads=0)),
            }
            self._writer.append("runs", record)
            self.ledger.add_run(record)
            self._progress.ended(run, record, self.ledger.trials[trial.key]["label"])
            trial.unfinished.discard(run.seed)

    # Telling

    def _tell(self, trial: OpenTrial) -> None:
        """Tells the study how the trial and its twins ended, from the records of its runs."""
        values = self.ledger.values(trial.key, self.seeds, self.plan.objectives)
        pruned = "pruned" in self.ledger.statuses(trial.key, self.seeds)
        for told in (trial.optuna_trial, *trial.twins):
            if values is not None and OUTSIDE not in told.user_attrs:
                self.study.study.tell(told, values)
            else:
                self.study.study.tell(told, state=TrialState.PRUNED if pruned else TrialState.FAIL)
        self._open.pop(trial.key, None)
        if values is not None:
            self._progress.told(self.ledger.trials[trial.key], values)

    def _base(self, run: Run) -> dict[str, Any]:
        return {
            "id": run.id,
            "key": run.trial.key,
            "seed": run.seed,
            "attempt": run.attempt,
            "session": self.plan.session,
            "traceback": None,
        }

    def _record(self, run: Run, result: Result) -> Record:
        record = self._base(run) | {
            "status": result.status,
            "reason": result.reason,
            "traceback": result.traceback,
            "stopped_early": result.stopped_early,
            "seconds": result.seconds,
            **asdict(result.execution),
            "epochs": len(result.curves.get("val_loss", ())),
        }
        return record if result.status == "failed" else record | result.metrics


def register(
    writer: Writer, ledger: Ledger, number: int, described: Any, values: Mapping[str, Any], *, durable: bool = True
) -> None:
    """Writes a configuration's record, from which it can be trained again."""
    record = {
        "trial": number,
        "key": described.trial.key,
        "context": described.trial.context,
        "label": dict(described.label),
        "params": params(values),
        "rates": dict(described.trial.rates),
        "config": described.trial.config,
        "structure": described.structure,
    }
    writer.append("trials", record, durable=durable)
    ledger.add_trial(record)
