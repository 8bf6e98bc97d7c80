"""One sweep command from its plan to its trained runs: what is new, what is known, what differs, who trains."""

import os
import platform
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from optuna.trial import TrialState

from dropout_lab.config import trust
from dropout_lab.config.roles import is_control
from dropout_lab.core.errors import UserError, writing
from dropout_lab.core.machine import processor
from dropout_lab.core.trial import Config, digest
from dropout_lab.records import store
from dropout_lab.records.ledger import Ledger
from dropout_lab.records.store import Record, Records, Writer
from dropout_lab.sweep.cells import Cell, baselines, ends, grid, warnings
from dropout_lab.sweep.grid import Grid
from dropout_lab.sweep.plan import Described, Plan, Trainer
from dropout_lab.sweep.queue import register
from dropout_lab.sweep.rebuild import agree
from dropout_lab.sweep.study import KEY, Study, pruner, sampler, try_asking

PACKAGES = ("dropout-lab", "torch", "hydra-core", "optuna", "numpy", "pandas", "scikit-learn")


@dataclass(frozen=True)
class Prepared:
    """A plan held against what its folder knows. Nothing has been written."""

    plan: Plan
    is_grid: bool
    cells: Sequence[Cell]
    """All cells of a grid; under a sampler the baselines."""
    ledger: Ledger
    records: Records
    data: str | None
    """A hash of the data, where they come from files."""
    task: str
    """As in `train.task`."""
    warnings: Sequence[str]
    """What may be misread in the data, and what is unwise about the configurations: of a sampler's, about the ends of
    its search space."""

    @property
    def keys(self) -> Sequence[str]:
        """Keys of the configurations that this command is about, as far as they are known."""
        named = [cell.key for cell in self.cells]
        return named if self.is_grid else list(dict.fromkeys([*named, *self.ledger.trials]))

    def missing(self, key: str) -> list[tuple[int, int]]:
        return self.ledger.missing(key, range(self.plan.seeds), self.plan.config["retries"])

    def runs_to_train(self) -> int:
        """Under a sampler at most so many: what it repeats is not trained again."""
        known = sum(len(self.missing(key)) for key in self.keys)
        if self.is_grid:
            return known
        searched = sum(1 for record in self.ledger.trials.values() if record["rates"])
        return known + max(0, (self.plan.n_trials or 0) - searched) * self.plan.seeds


def prepare(plan: Plan, trainer: Trainer) -> Prepared:
    """Checks everything that can be checked before training and writes nothing.

    Raises UserError for a configuration that cannot be trained, for a folder whose records are damaged or whose
    settings differ, and for a sampler, a pruner and axes that do not go together.
    """
    is_grid = isinstance(sampler(plan.config["sampler"]), Grid)
    _check_search(plan, is_grid)
    if is_grid:
        cells = grid(plan, trainer)
        described = [cell.described for cell in cells]
    else:
        described = ends(plan, trainer)
        cells = baselines(plan, trainer)
    records = store.read(plan.folder) if store.is_sweep(plan.folder) else store.NONE
    if plan.folder.exists() and not plan.folder.is_dir():
        raise UserError(f"{plan.folder} is no folder: choose another name=...")
    if not store.is_sweep(plan.folder) and plan.folder.is_dir() and any(_foreign(plan.folder)):
        raise UserError(f"{plan.folder} is not empty and is no sweep folder: choose another name=...")
    if records.sessions:
        check_settings(plan, records.sessions[-1])
    if not plan.config["trust"]:
        check_trust(plan, records, None if not is_grid else {cell.key for cell in cells}, described)
    data = trainer.data(plan.config)
    if any(session.get("data") not in (None, data) for session in records.sessions):
        raise UserError(
            f"{plan.folder}: its runs learnt from other data: {_source(plan)} changed since; choose another name=..."
        )
    if is_grid:
        plan = replace(plan, keys=frozenset(cell.key for cell in cells))
    found = Ledger.of(records)
    if not is_grid and records.sessions:
        _check_ranges(plan, records.sessions[-1], found)
    of_data = [f"warning: {sentence}" for sentence in trainer.data_warnings(plan.config)]
    structures = {digest(one.structure): one.structure for one in described}.values()
    of_structures = [f"warning: {sentence}" for spec in structures for sentence in trainer.structure_warnings(spec)]
    said = [*of_data, *dict.fromkeys(of_structures), *warnings(described)]
    return Prepared(plan, is_grid, cells, found, records, data, trainer.task(plan.config), said)


def commit(prepared: Prepared, command: str) -> Sequence[str]:
    """Writes the command down, repairs what an interruption left, and fills the study's queue.

    Returns what there is to say of it. The caller holds the folder's lock.
    """
    plan, ledger = prepared.plan, prepared.ledger
    plan.folder.mkdir(parents=True, exist_ok=True)
    said = list(store.repair(plan.folder))
    cells = {cell.key: cell for cell in prepared.cells}
    if (remade := agree(plan, prepared.records, ledger, cells)) is not None:
        said.append(remade)
    study = Study(plan)
    if not prepared.is_grid:
        study.check_axes(plan)
    writer = Writer(plan.folder)
    writer.append("sessions", _session(prepared, command))
    settings = plan.folder / "config.yaml"
    if not settings.exists():
        with writing(settings):
            settings.write_text(OmegaConf.to_yaml(OmegaConf.create(dict(plan.config))))
    sessions = prepared.records.sessions
    if sessions and (changed := _changed_versions(sessions[-1])):
        said.append(f"other versions than before, so results may differ in their last digits: {changed}")
    if not prepared.is_grid and sessions and (spaces := _changed_spaces(plan, sessions[-1])):
        said.append(f"what is still to be searched is searched in another space: {'; '.join(spaces)}")
    stale = study.trials(TrialState.RUNNING)
    study.requeue(stale)
    if stale:
        said.append(f"{len(stale)} configurations were in training when the sweep was interrupted: they go on")
    queued = {
        str(trial.user_attrs[KEY]): trial for trial in study.trials(TrialState.WAITING) if KEY in trial.user_attrs
    }
    for key, trial in queued.items():  # an interruption can come between the two writes of a new trial, below
        if key not in ledger.trials and key in cells:
            register(writer, ledger, trial.number, cells[key].described, cells[key].values, durable=False)
    for trial in study.trials():  # what was lost of trials.jsonl, though its runs were not
        key = str(trial.user_attrs.get(KEY))
        if key not in ledger.trials and key in cells:
            register(writer, ledger, trial.number, cells[key].described, cells[key].values, durable=False)
            said.append(f"the record of trial {trial.number} was lost and has been written again")
    known = sum(1 for key in prepared.keys for seed in range(plan.seeds) if (key, seed) in ledger.runs)
    if known:
        said.append(f"{known} runs are in the records already and are not trained again")
    again = sum(1 for key in prepared.keys for _, attempt in prepared.missing(key) if attempt > 1)
    if again:
        said.append(f"{again} failed runs are tried again")
    given_up = ledger.failed(prepared.keys, range(plan.seeds))
    if given_up > again:
        said.append(f"{given_up - again} failed runs are not tried again: retries={plan.config['retries']} is used up")
    for key in prepared.keys:
        if key in queued or (key in ledger.trials and not prepared.missing(key)):
            continue
        values = cells[key].values if key in cells else ledger.trials[key]["params"]
        rates = cells[key].described.trial.rates if key in cells else ledger.trials[key]["rates"]
        axes = None if prepared.is_grid else [axis for axis in plan.axes if plan.asks_for(axis, values)]
        number = study.enqueue(key, values, baseline=not rates, axes=axes)
        if key not in ledger.trials:
            register(writer, ledger, number, cells[key].described, values, durable=False)
            if any((key, seed) in ledger.runs for seed in range(plan.seeds)):
                said.append(f"the record of trial {number} was lost and has been written again")
    writer.sync()
    writer.close()
    return said


def check_trust(plan: Plan, records: Records, keys: Collection[str] | None, described: Sequence[Described]) -> None:
    """Raises UserError for records, of these keys or all, that would call what the command itself does not name."""
    own = {target for one in (plan.config, *(d.trial.config for d in described)) for _, target in trust.called(one)}
    for record in records.trials:
        if keys is None or record["key"] in keys:
            recorded = {name: record[name] for name in ("config", "structure")}
            trust.check(recorded, f"{plan.folder}, trial {record['trial']}", own)


def versions() -> Mapping[str, str]:
    """What the results may depend on: Python and the packages at work."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def _changed_versions(last: Record) -> str:
    now = versions()
    return ", ".join(
        f"{name} {last['versions'].get(name)} -> {now[name]}" for name in now if last["versions"].get(name) != now[name]
    )


def check_settings(plan: Plan, last: Record) -> None:
    """Raises UserError, showing the difference, if the folder was made with other settings, or on another device.

    What either command sweeps may differ, and what only says how much is trained (`roles.is_control`).
    """
    swept = [*last["axes"], *(axis.key for axis in plan.axes)]
    before = {**_flat(last["settings"]), "device": last["device"]}
    now = {**_flat(plan.config), "device": plan.device}

    def may_differ(key: str) -> bool:
        return is_control(key) or any(key == axis or key.startswith(f"{axis}.") for axis in swept)

    keys = [key for key in sorted(before.keys() | now.keys()) if not may_differ(key)]
    different = [key for key in keys if before.get(key) != now.get(key)]
    if different:
        lines = [f"  {key}: {before.get(key, '(none)')} there, {now.get(key, '(none)')} now" for key in different]
        raise UserError(
            f"{plan.folder} was made with other settings:\n"
            + "\n".join(lines)
            + "\nGive those settings again to continue it, or choose another name=... for this sweep."
        )


def _check_ranges(plan: Plan, last: Record, ledger: Ledger) -> None:
    """Raises UserError if a sampler is given another search space and nothing is left for it to choose there."""
    searched = sum(1 for record in ledger.trials.values() if record["rates"])
    if searched >= (plan.n_trials or 0) and (changed := _changed_spaces(plan, last)):
        raise UserError(
            f"{plan.folder} has its n_trials={plan.n_trials} configurations already, from another search space:\n"
            + "\n".join(f"  {space}" for space in changed)
            + f"\nRaise n_trials above {searched} to search the new one as well, or choose another name=..."
        )


def _changed_spaces(plan: Plan, last: Record) -> list[str]:
    """The axes that are not as in the last command, in words."""
    then, now = last["axes"], {axis.key: axis.describe() for axis in plan.axes}
    changed = [key for key in (now | then) if now.get(key) != then.get(key)]
    return [f"{key}: {_space(then.get(key))} there, {_space(now.get(key))} now" for key in changed]


def _space(described: Any) -> str:
    if described is None:
        return "not swept"
    if isinstance(described, Mapping):
        return f"{described['low']} to {described['high']}" + (", logarithmic" if described.get("log") else "")
    return ", ".join(map(str, described))


def _check_search(plan: Plan, is_grid: bool) -> None:
    made = pruner(plan.config["pruner"])
    prunes = plan.config["pruner"]["_target_"] != "optuna.pruners.NopPruner"
    if is_grid and plan.n_trials is not None:
        raise UserError("n_trials: a grid trains each of its cells; leave n_trials out, or choose a sampler=...")
    if not is_grid and plan.n_trials is None:
        raise UserError(
            f"n_trials: the sampler {plan.config['sampler']['_target_']} needs to know how many: n_trials=50"
        )
    if not is_grid and not plan.axes:
        raise UserError("sampler: there is nothing to search; sweep a key, e.g. 'rate=interval(0,0.8)'")
    for key in ("zip", "grids"):
        if not is_grid and plan.config[key]:
            raise UserError(f"{key}: a sampler searches every key by itself; leave {key} out, or take sampler=grid")
    if not is_grid:
        try_asking(plan)
    if len(plan.objectives) > 1 and prunes:
        raise UserError(
            f"pruner: {type(made).__name__} cannot prune for two objectives or more; give one, or pruner=none"
        )
    if prunes and plan.objectives[0] == "epochs_to_convergence":
        raise UserError(
            "pruner: epochs_to_convergence is known only at the end; choose another objective, or pruner=none"
        )


def _source(plan: Plan) -> str:
    """The data that differ, as the subject of a sentence."""
    section = plan.config["dataset"]
    for key in ("path", "id"):
        if section.get(key) is not None:
            return f"dataset.{key}={section[key]} has"
    return f"what dataset={plan.choices['dataset']} reads of this Python has"


def _foreign(folder: Path) -> list[Path]:
    """What is in the folder besides that which a first command makes before its first record."""
    return [path for path in folder.iterdir() if path.name not in ("locks", "workers", store.JOURNAL)]


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
        "versions": dict(versions()),
        "git_commit": _git_commit(),
        "machine": {"system": platform.platform(), "cpu": processor(), "cores": os.cpu_count()},
        "device": plan.device,
        "data": prepared.data,
        "task": prepared.task,
        "warnings": list(prepared.warnings),
    }


def _git_commit() -> str | None:
    """The commit of the checkout that this code runs from; None for an installed package."""
    here = Path(__file__).parent
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, timeout=5)
        ours = subprocess.run(
            ["git", "ls-files", "--error-unmatch", __file__], cwd=here, capture_output=True, timeout=5
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() if found.returncode == 0 and ours.returncode == 0 else None


def _flat(config: Config, prefix: str = "") -> dict[str, Any]:
    """A nested config as dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
