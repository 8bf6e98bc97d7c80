"""New trials for a worker: from the study's queue, or from its sampler."""

from collections.abc import Sequence
from typing import Any

import optuna
from filelock import FileLock
from optuna.trial import TrialState

from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import Run
from dropout_lab.records import store
from dropout_lab.records.folder import lock_file
from dropout_lab.records.ledger import Ledger
from dropout_lab.sweeper.grid import Grid
from dropout_lab.sweeper.open_trials import OpenTrials
from dropout_lab.sweeper.plan import Plan
from dropout_lab.sweeper.progress import Progress
from dropout_lab.sweeper.recording import Recorder
from dropout_lab.sweeper.study import BASELINE, KEY, Study
from dropout_lab.sweeper.trainer_protocol import Trainer

REPEATS = 200
"""A sampler that suggests known configurations so many times in a row has found all there are."""


class Asker:
    """Asks the study for trials, and opens them."""

    def __init__(
        self,
        plan: Plan,
        study: Study,
        ledger: Ledger,
        recorder: Recorder,
        trainer: Trainer,
        trials: OpenTrials,
        progress: Progress,
    ) -> None:
        self._plan, self._study, self._ledger = plan, study, ledger
        self._recorder, self._trainer, self._trials, self._progress = recorder, trainer, trials, progress
        self._is_grid = isinstance(study.study.sampler, Grid)
        self._asking = FileLock(lock_file(plan.folder, "ask"))
        self.is_exhausted = False
        """Whether the sampler suggests nothing new any more."""

    def ask(self) -> Sequence[Run]:
        """Open one more trial that has runs to train, and return these; nothing if there is none."""
        for _ in range(REPEATS + len(self._ledger.trials)):
            trial = self._study.claim(self._plan.keys)
            if trial is None and self._is_grid:
                return []
            if trial is None or KEY not in trial.user_attrs:
                with self._asking:  # one worker at a time, so that all together ask for as many as are wanted
                    if trial is None and self._study.spent() >= (self._plan.n_trials or 0):
                        return []
                    trial = self._suggested(trial or self._study.study.ask())
            if trial is not None and (runs := self._opened(trial)):
                return runs
        self._progress.say("the sampler suggests nothing new any more: the search space is exhausted")
        self.is_exhausted = True
        return []

    def _suggested(self, trial: optuna.Trial) -> optuna.Trial | None:
        """Give a trial the sampler's values; None if these are known from another trial, whose end it shares."""
        values = self._values(trial)
        try:
            described = self._trainer.describe(*self._plan.compose(values))
        except UserError as error:
            self._progress.say(f"a suggestion of the sampler that cannot be trained: {values}: {error}")
            self._study.study.tell(trial, state=TrialState.FAIL)
            return None
        key = described.trial.key
        twin = self._study.same(key, trial.number)
        if twin is None:
            self._recorder.trial(trial.number, described, values)
        trial.set_user_attr(BASELINE, described.trial.is_baseline)
        trial.set_user_attr(KEY, key)
        if twin is None:
            return trial
        if key in self._trials:
            self._trials[key].twins.append(trial)
        elif twin.state == TrialState.COMPLETE:
            self._study.study.tell(trial, twin.values)
        else:  # pruned or failed, or in training elsewhere, and then this trial teaches the sampler nothing
            self._study.study.tell(trial, state=twin.state if twin.state.is_finished() else TrialState.FAIL)
        return None

    def _values(self, trial: optuna.Trial) -> dict[str, Any]:
        """What the sampler suggests: first members of groups, then the keys that these have."""
        groups = self._plan.compose.groups
        values: dict[str, Any] = {}
        for axis in sorted(self._plan.axes, key=lambda axis: axis.key not in groups):
            if self._plan.asks_for(axis, values):
                values[axis.key] = axis.suggest(trial)
        return values

    def _opened(self, claimed: optuna.Trial) -> Sequence[Run]:
        """The runs that a claimed trial still needs; a trial that needs none is finished."""
        key = str(claimed.user_attrs[KEY])
        if key not in self._ledger.trials:  # another worker's, given back
            self._ledger.merge(Ledger.of(store.read(self._plan.folder)))
        missing = self._ledger.missing(key, range(self._plan.seeds), self._plan.config["retries"])
        if not missing:
            if (values := self._trials.finish(key, claimed)) is not None:
                self._progress.trial_ended(self._ledger.trials[key], values)
            return []
        self._trials.open(claimed, key, {seed for seed, _ in missing})
        configuration, number = self._ledger.trial(key), self._ledger.trials[key]["trial"]
        return [Run(configuration, number, seed, attempt) for seed, attempt in missing]
