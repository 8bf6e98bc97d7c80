"""Whether a command continues the sweep that its folder holds, and how the two differ."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from dropout_lab.config import trust
from dropout_lab.config.roles import is_control
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import RESOLVED, WEIGHTS, Config
from dropout_lab.records.fields import Record
from dropout_lab.records.folder import JOURNAL, LOCKS, is_sweep
from dropout_lab.records.ledger import Ledger
from dropout_lab.records.store import Records
from dropout_lab.sweeper.plan import Plan
from dropout_lab.sweeper.provenance import versions
from dropout_lab.sweeper.trainer_protocol import Described


def check_folder(plan: Plan) -> None:
    """Raises UserError for a folder that is none, or holds something else than a sweep."""
    if plan.folder.exists() and not plan.folder.is_dir():
        raise UserError(f"{plan.folder} is no folder: choose another name=...")
    if not is_sweep(plan.folder) and plan.folder.is_dir() and any(_foreign(plan.folder)):
        raise UserError(f"{plan.folder} is not empty and is no sweep folder: choose another name=...")


def check_settings(plan: Plan, last: Record) -> None:
    """Raises UserError, showing the difference, if the folder was made with other settings, or on another device.

    What either command sweeps may differ, and what only says how much is trained (`roles.is_control`).
    """
    axes = [*last["axes"], *(axis.key for axis in plan.axes)]
    swept = [*axes, *(RESOLVED[key] for key in axes if key in RESOLVED)]
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


def check_trust(plan: Plan, records: Records, keys: Collection[str] | None, described: Sequence[Described]) -> None:
    """Raises UserError for records, of these keys or all, that would call what the command itself does not name."""
    own = {target for one in (plan.config, *(d.trial.config for d in described)) for _, target in trust.called(one)}
    for record in records.trials:
        if keys is None or record["key"] in keys:
            recorded = {name: record[name] for name in ("config", "structure")}
            trust.check(recorded, f"{plan.folder}, trial {record['trial']}", own)


def check_data(plan: Plan, records: Records, data: str | None) -> None:
    """Raises UserError if the folder's runs learned from data with another hash."""
    if any(session.get("data") not in (None, data) for session in records.sessions):
        raise UserError(
            f"{plan.folder}: its runs learned from other data: {_source(plan)} changed since; choose another name=..."
        )


def check_weights(plan: Plan, records: Records, described: Sequence[Described]) -> None:
    """Raises UserError if the folder's runs began from a file of weights that has changed since."""
    now = dict(_files([plan.config, *(one.trial.config for one in described)]))
    for path, sha256 in _files([record["config"] for record in records.trials]):
        if now.get(path, sha256) != sha256:
            raise UserError(
                f"{plan.folder}: its runs began from other weights: model.weights={path} has changed since"
                f" (SHA-256 {sha256[:12]} there, {now[path][:12]} now); choose another name=..."
            )


def check_ranges(plan: Plan, last: Record, ledger: Ledger) -> None:
    """Raises UserError if a sampler gets another search space and has nothing left to choose there."""
    searched = sum(1 for record in ledger.trials.values() if record["rates"])
    if searched >= (plan.n_trials or 0) and (changed := changed_spaces(plan, last)):
        raise UserError(
            f"{plan.folder} has its n_trials={plan.n_trials} configurations already, from another search space:\n"
            + "\n".join(f"  {space}" for space in changed)
            + f"\nRaise n_trials above {searched} to search the new one as well, or choose another name=..."
        )


def changed_spaces(plan: Plan, last: Record) -> list[str]:
    """The axes that differ from those of the last command, for people."""
    then, now = last["axes"], {axis.key: axis.describe() for axis in plan.axes}
    changed = [key for key in (now | then) if now.get(key) != then.get(key)]
    return [f"{key}: {_space(then.get(key))} there, {_space(now.get(key))} now" for key in changed]


def changed_versions(before: Mapping[str, str]) -> list[str]:
    """The packages whose versions differ from `before`, for people."""
    now = versions()
    return [f"{name} {before.get(name)} -> {now[name]}" for name in now if before.get(name) != now[name]]


def _space(described: Any) -> str:
    if described is None:
        return "not swept"
    if isinstance(described, Mapping):
        return f"{described['low']} to {described['high']}" + (", logarithmic" if described.get("log") else "")
    return ", ".join(map(str, described))


def _source(plan: Plan) -> str:
    """The data that differ, as the subject of a sentence."""
    section = plan.config["dataset"]
    for key in ("path", "id"):
        if section.get(key) is not None:
            return f"dataset.{key}={section[key]} has"
    if not str(section["_target_"]).startswith("dropout_lab."):
        return f"what dataset._target_={section['_target_']} returns has"
    return f"what dataset={plan.choices['dataset']} reads of this Python has"


def _files(configs: Sequence[Config]) -> list[tuple[str, str]]:
    """Path and hash of the files of weights that configs begin from."""
    found = [config["model"][WEIGHTS] for config in configs if WEIGHTS in config.get("model", {})]
    return [(str(one["path"]), str(one["sha256"])) for one in found]


def _foreign(folder: Path) -> list[Path]:
    """What is in the folder besides that which a first command makes before its first record."""
    return [path for path in folder.iterdir() if path.name not in (LOCKS, "workers", JOURNAL)]


def _flat(config: Config, prefix: str = "") -> dict[str, Any]:
    """A nested config as dotted keys; a section without any has none."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
