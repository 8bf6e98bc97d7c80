"""A prepared command written into its folder: its record, what an interruption left, and the study's queue."""

from collections.abc import Iterator
from datetime import UTC, datetime

from omegaconf import OmegaConf
from optuna.trial import TrialState

from dropout_lab.core.errors import writing
from dropout_lab.records.fields import Record
from dropout_lab.records.folder import SETTINGS
from dropout_lab.records.repair import repair
from dropout_lab.records.writer import Writer
from dropout_lab.sweeper.plan import Plan
from dropout_lab.sweeper.prepare import Prepared
from dropout_lab.sweeper.provenance import provenance
from dropout_lab.sweeper.rebuild import agree
from dropout_lab.sweeper.recording import Recorder
from dropout_lab.sweeper.same_sweep import changed_spaces, changed_versions
from dropout_lab.sweeper.study import KEY, Study


def commit(prepared: Prepared, command: str) -> list[str]:
    """Write the command down, repair what an interruption left, and fill the study's queue.

    Returns sentences about it for the user. The caller holds the folder's lock.
    """
    return list(_commit(prepared, command))


def _commit(prepared: Prepared, command: str) -> Iterator[str]:
    plan = prepared.plan
    plan.folder.mkdir(parents=True, exist_ok=True)
    yield from repair(plan.folder)
    cells = {cell.key: cell for cell in prepared.cells}
    if (remade := agree(plan, prepared.records, prepared.ledger, cells)) is not None:
        yield remade
    study = Study(plan)
    if not prepared.is_grid:
        study.check_axes(plan)
    writer = Writer(plan.folder)
    writer.append("sessions", _session(prepared, command))
    recorder = Recorder(plan, prepared.ledger, writer)
    _write_settings(plan)
    yield from _changes(prepared)
    yield from _requeue(study)
    yield from _restore_records(prepared, study, recorder)
    yield from _known_runs(prepared)
    yield from _fill_queue(prepared, study, recorder)
    writer.sync()
    writer.close()


def _session(prepared: Prepared, command: str) -> Record:
    plan = prepared.plan
    return {
        "session": plan.session,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "axes": {axis.key: axis.describe() for axis in plan.axes},
        "seeds": plan.seeds,
        "n_trials": plan.n_trials,
        "objective": list(plan.objectives),
        "pruner": plan.choices["pruner"],
        "settings": dict(plan.config),
        **provenance(),
        "device": plan.device,
        "data": prepared.data,
        "task": prepared.task,
        "scope": dict(prepared.scope),
        "notes": list(prepared.notes),
        "columns": list(prepared.columns),
        "handed": list(prepared.handed),
        "warnings": list(prepared.warnings),
    }


def _write_settings(plan: Plan) -> None:
    """The first command's settings as YAML, for people: nothing reads them."""
    path = plan.folder / SETTINGS
    if not path.exists():
        with writing(path):
            path.write_text(OmegaConf.to_yaml(OmegaConf.create(dict(plan.config))))


def _changes(prepared: Prepared) -> Iterator[str]:
    """What differs from the last command and may."""
    if not prepared.records.sessions:
        return
    last = prepared.records.sessions[-1]
    if changed := changed_versions(last["versions"]):
        yield f"other versions than before, so results may differ in their last digits: {', '.join(changed)}"
    if not prepared.is_grid and (spaces := changed_spaces(prepared.plan, last)):
        yield f"what is still to be searched is searched in another space: {'; '.join(spaces)}"


def _requeue(study: Study) -> Iterator[str]:
    """Give the trials that an interruption left in training back to the queue."""
    stale = study.trials(TrialState.RUNNING)
    study.requeue(stale)
    if stale:
        yield f"{len(stale)} configurations were in training when the sweep was interrupted: they go on"


def _restore_records(prepared: Prepared, study: Study, recorder: Recorder) -> Iterator[str]:
    """Write the records of trials that the study has and the folder lacks."""
    ledger, cells = prepared.ledger, {cell.key: cell for cell in prepared.cells}
    for trial in sorted(study.trials(), key=lambda trial: trial.state != TrialState.WAITING):
        key = str(trial.user_attrs.get(KEY))
        if key not in ledger.trials and key in cells:
            recorder.trial(trial.number, cells[key].described, cells[key].values, durable=False)
            # An interruption can come between the two writes of a new trial, which then waits: nothing was lost.
            if trial.state != TrialState.WAITING:
                yield _written_again(trial.number)


def _known_runs(prepared: Prepared) -> Iterator[str]:
    """How many runs are not trained, or are tried again."""
    ledger, seeds = prepared.ledger, range(prepared.plan.seeds)
    known = sum(1 for key in prepared.keys for seed in seeds if (key, seed) in ledger.runs)
    if known:
        yield f"{known} runs are in the records already and are not trained again"
    again = sum(1 for key in prepared.keys for _, attempt in prepared.missing(key) if attempt > 1)
    if again:
        yield f"{again} failed runs are tried again"
    given_up = ledger.failed(prepared.keys, seeds)
    if given_up > again:
        retries = prepared.plan.config["retries"]
        yield f"{given_up - again} failed runs are not tried again: retries={retries} is used up"


def _fill_queue(prepared: Prepared, study: Study, recorder: Recorder) -> Iterator[str]:
    """Queue the configurations that have runs to train and do not wait already."""
    plan, ledger, cells = prepared.plan, prepared.ledger, {cell.key: cell for cell in prepared.cells}
    queued = {trial.user_attrs.get(KEY) for trial in study.trials(TrialState.WAITING)}
    for key in prepared.keys:
        if key in queued or (key in ledger.trials and not prepared.missing(key)):
            continue
        values = cells[key].values if key in cells else ledger.trials[key]["params"]
        rates = cells[key].described.trial.rates if key in cells else ledger.trials[key]["rates"]
        axes = None if prepared.is_grid else [axis for axis in plan.axes if plan.asks_for(axis, values)]
        number = study.enqueue(key, values, baseline=not rates, axes=axes)
        if key not in ledger.trials:
            recorder.trial(number, cells[key].described, values, durable=False)
            if any((key, seed) in ledger.runs for seed in range(plan.seeds)):
                yield _written_again(number)


def _written_again(number: int) -> str:
    return f"the record of trial {number} was lost and has been written again"
