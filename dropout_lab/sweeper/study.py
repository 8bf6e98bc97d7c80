"""The Optuna study of a sweep: made, opened, and put in order after an interruption."""

import warnings
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock
from optuna.distributions import BaseDistribution, check_distribution_compatibility
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from dropout_lab.config.instantiate import instantiate
from dropout_lab.core.errors import UserError, writing
from dropout_lab.core.metrics.lookup import objectives
from dropout_lab.core.trial import Config
from dropout_lab.records.folder import JOURNAL, LOCKS
from dropout_lab.sweeper.plan import Plan
from dropout_lab.sweeper.space import Axis, params, point_distributions

optuna.logging.set_verbosity(optuna.logging.WARNING)

NAME = "dropout-lab"
"""The name of every sweep's study: its folder may be renamed, moved and copied."""

KEY = "key"
"""The user attribute that holds the key of the trial's configuration."""

BASELINE = "baseline"
"""The user attribute of a trial without dropout: it does not count towards `n_trials`."""

OUTSIDE = "outside"
"""The user attribute of a trial that lies outside the search space, so that the sampler must not learn from it."""


def sampler(section: Config, worker: int = 0) -> BaseSampler:
    """The sampler of a config section; each worker has a seed of its own, so that they do not all start alike."""
    if isinstance(section.get("seed"), int):
        section = {**section, "seed": section["seed"] + worker}
    made: BaseSampler = _experimental("sampler", section)
    return made


def pruner(section: Config) -> BasePruner:
    """The pruner of a config section."""
    made: BasePruner = _experimental("pruner", section)
    return made


def try_asking(plan: Plan) -> None:
    """Raises UserError if the sampler or the pruner cannot work with these axes and objectives, or lacks a package.

    It tries a few trials in memory; only the first is random.
    """
    section = plan.config["sampler"]
    if "n_startup_trials" in section:  # during these, a sampler does not use the packages that it needs later
        section = {**section, "n_startup_trials": 1}
    study = optuna.create_study(
        sampler=sampler(section), pruner=pruner(plan.config["pruner"]), directions=directions(plan)
    )
    try:
        for value in range(3):
            trial = study.ask()
            for axis in plan.axes:
                axis.suggest(trial)
            if len(plan.objectives) == 1:
                for step in range(2):
                    trial.report(float(value), step)
                    trial.should_prune()
            study.tell(trial, [float(value)] * len(plan.objectives))
    except ImportError as error:
        raise UserError(
            f"sampler ({section['_target_']}): the package {error.name} is not installed; "
            "pip install 'dropout-lab[samplers]' (in a checkout: pip install -e '.[samplers]') brings what the "
            "samplers of this package need"
        ) from error
    except ValueError as error:
        raise UserError(f"sampler ({plan.config['sampler']['_target_']}): {error}") from error


def directions(plan: Plan) -> list[optuna.study.StudyDirection]:
    """Whether each objective is minimised, in Optuna's terms."""
    return [optuna.study.StudyDirection[objectives()[name].direction.upper()] for name in plan.objectives]


def _experimental(key: str, section: Config) -> Any:
    """The object of a section, without Optuna's warning that its interface is experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return instantiate(key, section)


class JournalLock(JournalFileOpenLock):
    """The lock of a journal. The operating system releases it when its holder ends.

    Optuna's own locks are files: a killed process leaves its file behind, and the next process waits for it.
    """

    def __init__(self, folder: Path) -> None:
        self._held = FileLock(folder / "journal.lock")

    def acquire(self) -> bool:
        self._held.acquire()
        return True

    def release(self) -> None:
        self._held.release()


def storage(plan: Plan, journal: Path) -> JournalStorage:
    """Optuna's storage in a journal file of the plan's folder."""
    locks = plan.folder / LOCKS
    with writing(locks):
        locks.mkdir(parents=True, exist_ok=True)
    return JournalStorage(JournalFileBackend(str(journal), JournalLock(locks)))


def known(
    key: str, values: Mapping[str, Any], *, baseline: bool, axes: Sequence[Axis] | None
) -> tuple[dict[str, Any], dict[str, BaseDistribution], dict[str, Any]]:
    """Parameters, distributions and user attributes of a trial with these values.

    A sampler learns from it only if it has a value within each of `axes` and no other; without `axes` it is a cell of a
    grid.
    """
    attributes: dict[str, Any] = {KEY: key, BASELINE: baseline}
    if axes is None:
        return params(values), point_distributions(values), attributes
    if axes and values.keys() == {axis.key for axis in axes} and all(axis.contains(values[axis.key]) for axis in axes):
        return params(values), {axis.key: axis.distribution for axis in axes}, attributes
    return {}, {}, {**attributes, OUTSIDE: True}


class Study:
    """The study of a sweep folder, kept in a journal file. One instance per worker."""

    def __init__(self, plan: Plan, worker: int = 0) -> None:
        self._storage = storage(plan, plan.folder / JOURNAL)
        self.study = optuna.create_study(
            study_name=NAME,
            storage=self._storage,
            sampler=sampler(plan.config["sampler"], worker),
            pruner=pruner(plan.config["pruner"]),
            directions=directions(plan),
            load_if_exists=True,
        )
        self._id = self._storage.get_study_id_from_name(self.study.study_name)
        self._waiting: Iterator[FrozenTrial] = iter(())

    def trials(self, *states: TrialState) -> Sequence[FrozenTrial]:
        """The trials in these states, or all, in the order of their numbers."""
        return self.study.get_trials(deepcopy=False, states=states or None)

    def enqueue(
        self, key: str, values: Mapping[str, Any], *, baseline: bool, axes: Sequence[Axis] | None = None
    ) -> int:
        """Put a configuration into the queue and return its trial number; `axes` as in `known`."""
        parameters, distributions, attributes = known(key, values, baseline=baseline, axes=axes)
        trial = optuna.trial.create_trial(
            state=TrialState.WAITING, params=parameters, distributions=distributions, user_attrs=attributes
        )
        number = len(self.trials())
        self.study.add_trial(trial)
        return number

    def claim(self, wanted: Container[str] | None = None) -> optuna.Trial | None:
        """Take the next trial of the queue for this worker; None if there is none.

        `wanted` limits it to these keys: the queue may hold what an earlier, wider command left.
        """
        for _ in range(2):  # what is left of the last look, then one new look
            for trial in self._waiting:
                if wanted is not None and trial.user_attrs.get(KEY) not in wanted:
                    continue
                trial_id = self._storage.get_trial_id_from_study_id_trial_number(self._id, trial.number)
                try:
                    if self._storage.set_trial_state_values(trial_id, TrialState.RUNNING):
                        return optuna.Trial(self.study, trial_id)
                except optuna.exceptions.UpdateFinishedTrialError:
                    pass  # another worker has taken and finished it since
            self._waiting = iter(self.trials(TrialState.WAITING))
        return None

    def spent(self) -> int:
        """The number of configurations with dropout that any worker has trained or trains; repeats do not count."""
        return len({trial.user_attrs[KEY] for trial in self.trials() if trial.user_attrs.get(BASELINE) is False})

    def same(self, key: str, number: int) -> FrozenTrial | None:
        """Another trial of the configuration `key`, a finished one if there is one."""
        twins = [t for t in self.trials() if t.user_attrs.get(KEY) == key and t.number != number]
        return next((t for t in twins if t.state.is_finished()), twins[0] if twins else None)

    def requeue(self, trials: Sequence[FrozenTrial]) -> None:
        """Return trials in training to the queue, under their numbers."""
        for trial in trials:
            trial_id = self._storage.get_trial_id_from_study_id_trial_number(self._id, trial.number)
            self._storage.set_trial_state_values(trial_id, TrialState.WAITING)

    def check_axes(self, plan: Plan) -> None:
        """Raises UserError if an axis can no longer hold what the study has already drawn for it."""
        for trial in self.trials():
            for axis in plan.axes:
                if axis.key in trial.distributions and KEY in trial.user_attrs:
                    try:
                        check_distribution_compatibility(trial.distributions[axis.key], axis.distribution)
                    except ValueError:
                        raise UserError(
                            f"{axis.key}: this sampler cannot change the values of a choice or the kind of a range "
                            f"that it has already searched in {plan.folder}; choose another name=..."
                        ) from None
