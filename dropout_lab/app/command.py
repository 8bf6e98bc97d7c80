"""The sweep and train commands: from Hydra's config to a plan, to launched workers, to the report."""

import copy
import itertools
import re
import shlex
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from rich.console import Console

from dropout_lab.app import invocation
from dropout_lab.app.defaults import Composed, default_placement, fitting, lines_of, swept_there
from dropout_lab.app.terminal import show
from dropout_lab.build import train
from dropout_lab.config.check import check
from dropout_lab.config.instantiate import instantiate
from dropout_lab.config.keys import KEYS
from dropout_lab.config.refusals import closest
from dropout_lab.config.roles import role
from dropout_lab.config.values import objectives
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import digest
from dropout_lab.records.ledger import Ledger
from dropout_lab.records.store import is_sweep, read
from dropout_lab.report.apart import make_apart
from dropout_lab.sweep import dry_run
from dropout_lab.sweep.combinations import axes_of
from dropout_lab.sweep.plan import Plan
from dropout_lab.sweep.session import commit, prepare
from dropout_lab.sweep.space import Axis, distinct, key_of, parse
from dropout_lab.sweep.variants import Variants, methods_named, resolve
from dropout_lab.sweep.worker import Work, check_unlocked, lock
from dropout_lab.tracker.follow import follow
from dropout_lab.tracker.tracker import AbstractTracker

DATA_ARGUMENTS = ("id", "path", "config", "revision", "text", "target", "drop", "keep", "task", "level", "size")
DATA_KEYS = (*(name for name in KEYS if role(name) == "data"), *(f"dataset.{key}" for key in DATA_ARGUMENTS))
"""Keys that decide what is learnt."""


class RunsFailed(Exception):
    """The sweep is over and some of its runs failed; display and report have said which and why."""


def run_sweep(
    context: HydraContext,
    config: DictConfig,
    arguments: Sequence[str],
    params: Mapping[str, Any],
    default_params: Mapping[str, Any],
    command: str,
) -> None:
    """Plans, trains and reports one command.

    Raises UserError before training, RunsFailed after it, and what an interruption raises while training.
    """
    console = Console(soft_wrap=True, highlight=False, markup=False)
    _check_launcher(str(config.hydra.runtime.choices["hydra/launcher"]))
    plan, fixed = make_plan(context, config, arguments, params, default_params, command)
    tracker: AbstractTracker = instantiate("tracker", plan.config["tracker"])
    tracker.check()
    prepared = prepare(plan, train)
    plan = prepared.plan
    for structure in {digest(cell.described.structure): cell.described.structure for cell in prepared.cells}.values():
        train.check_seeds(structure, plan.seeds)
        train.check_objectives(structure, plan.objectives)
        train.check_axes(structure, [axis.key for axis in plan.axes])
    for warning in prepared.warnings:
        console.print(warning)
    if plan.config["dry_run"]:
        dry_run.show(console, prepared, train)
        return
    words = shlex.join(["dropout-lab", command, *invocation.words.get(arguments)])
    with lock(plan, "sweep"):
        check_unlocked(plan)
        for sentence in commit(prepared, words):
            console.print(sentence)
        total = prepared.runs_to_train()
        most = "" if prepared.is_grid else "at most "
        console.print(f"{most}{total} runs to train on {plan.device}, into {plan.folder}")
        with follow(tracker, plan.folder, console.print):
            try:
                if total:
                    _launch(context, config, Work(plan, train, total, train.threads(plan.workers)), fixed)
            except KeyboardInterrupt:
                console.print(f"\nInterrupted. What is done is kept in {plan.folder}. To continue:\n  {words}")
                raise
            show(console, make_apart(plan.folder, pdf=False))
    failed = Ledger.of(read(plan.folder)).failed(prepared.keys, range(plan.seeds))
    if failed:
        raise RunsFailed(f"{failed} runs failed: the report names them, with their reasons")


def make_plan(
    context: HydraContext,
    config: DictConfig,
    arguments: Sequence[str],
    params: Mapping[str, Any],
    default_params: Mapping[str, Any],
    command: str,
) -> tuple[Plan, Sequence[str]]:
    """The plan of a command, and its overrides that fix one value.

    Raises UserError if an override has no meaning or a value is not allowed.
    """
    loader = context.config_loader

    def members(group: str) -> Sequence[str]:
        return loader.get_group_options(group, results_filter=ObjectType.CONFIG)

    given = {key_of(line) for line in arguments}
    axes, fixed = parse([*arguments, *lines_of(params, given)], members)
    grids = _plain(config)["grids"]
    KEYS["grids"].kind.check("grids", grids)
    axes = [*axes_of(grids, axes), *axes]
    is_default = command == "sweep" and not axes
    if is_default and (again := swept_there(config, arguments, given, default_params)):
        axes, fixed = parse(again, members)
        is_default = False
    if is_default:
        axes, fixed = parse([*arguments, *lines_of(default_params, given)], members)
    _check_given(fixed, axes)
    for axis in axes:
        if axis.key in DATA_KEYS:
            raise UserError(
                f"{axis.key}: losses on different data cannot be ranked; give every data set a sweep of its own, and"
                " put their reports side by side: dropout-lab report FOLDER FOLDER"
            )
        if role(axis.key) in ("control", "how", "machine") or axis.key == "experiment":
            raise UserError(
                f"{axis.key}: cannot be swept, for it says how configurations are trained and compared, not what they"
                f" are; give it one value{', a list of two in brackets' if axis.key == 'objective' else ''}"
            )
    if command == "train" and (swept := [axis.key for axis in axes]):
        raise UserError(f"{swept[0]}: train takes one value of every key; dropout-lab sweep compares several")
    groups = [axis for axis in axes if members(axis.key)]
    alone = {axis.key: str(config.hydra.runtime.choices[axis.key]) for axis in groups}
    options = [
        distinct([*(axis.values or ()), *([alone[axis.key]] if any(axis.key not in grid for grid in grids) else ())])
        for axis in groups
    ]

    def compose_all(fixed: Sequence[str]) -> Composed:
        composed: Composed = {}
        for choice in itertools.product(*options):
            lines = [*fixed, *(f"{axis.key}={name}" for axis, name in zip(groups, choice, strict=True))]
            whole = loader.load_sweep_config(config, lines)
            found = whole.hydra.runtime.choices.items()
            choices = {str(key): str(name) for key, name in found if not str(key).startswith("hydra/")}
            with open_dict(whole), read_write(whole):
                del whole["hydra"]
            composed[tuple(str(name) for name in choice)] = whole, choices
        return composed

    composed = compose_all(fixed)
    check(resolve(_completed(next(iter(composed.values()))[0], axes)))
    if not any(key.split(".")[0] == "placement" for key in [*given, *params, *(axis.key for axis in axes)]):
        placed = default_placement(composed, compose_all, fixed)
        fixed, composed = (fixed, composed) if placed is None else placed
    first, chosen = next(iter(composed.values()))
    if any(axis.key == "placement.weights" for axis in axes):
        _check_custom([choices["placement"] for _, choices in composed.values()])
    settings = resolve(_completed(first, axes))
    if command == "train" and "baseline" not in given:
        settings["baseline"] = False  # one configuration means one
    compose = Variants(
        keys=[axis.key for axis in axes],
        groups=alone,
        new=frozenset(axis.key for axis in axes if axis.is_new),
        members=_methods(loader, config, composed, axes, members),
        composed=composed,
    )
    if is_default and "placement" in alone:
        usable = fitting(compose, default_params["placement"].split(","))
        axes, fixed = parse([*arguments, *lines_of({**default_params, "placement": ",".join(usable)}, given)], members)
        compose = replace(compose, groups={**alone, "placement": usable[0]})  # if it is one, it is no axis any more
    with open_dict(config), read_write(config):
        config.name = settings["name"] or _name(fixed, axes, chosen, command)
    folder = Path(str(config.hydra.sweep.dir))
    plan = Plan(
        folder=folder,
        config=settings,
        choices=chosen,
        axes=axes,
        compose=compose,
        objectives=objectives(settings["objective"]),
        device=train.device(settings["device"]),
        workers=_workers(settings["workers"], config),
        session=len(read(folder).sessions) if is_sweep(folder) else 0,
    )
    return plan, fixed


def _check_custom(placements: Iterable[str]) -> None:
    """Raises UserError where weights are swept of a placement that has its own."""
    for placement in placements:
        if placement != "custom":
            raise UserError(
                f"placement.weights: placement={placement} has weights of its own; sweep yours with placement=custom"
            )


def _completed(config: DictConfig, axes: Sequence[Axis]) -> DictConfig:
    """The config, or a copy in which the first values of the axes stand where it has none."""
    missing = [axis for axis in axes if axis.values and OmegaConf.is_missing(*_parent(config, axis.key))]
    if not missing:
        return config
    config = copy.deepcopy(config)
    for axis in missing:
        OmegaConf.update(config, axis.key, axis.corners()[0], merge=False)
    return config


def _parent(config: DictConfig, key: str) -> tuple[Any, str]:
    section, _, name = key.rpartition(".")
    parent = OmegaConf.select(config, section) if section else config
    return (parent, name) if isinstance(parent, DictConfig) else (config, "")


def _methods(
    loader: ConfigLoader,
    config: DictConfig,
    composed: Mapping[Any, tuple[DictConfig, Mapping[str, str]]],
    axes: Sequence[Axis],
    members: Callable[[str], Sequence[str]],
) -> Mapping[str, Mapping[str, Any]]:
    """The sections of the methods that `dropouts` names anywhere: in a composed config, or as a swept value."""
    named = {name for whole, _ in composed.values() for name in methods_named(_plain(whole.dropouts))}
    swept = [axis for axis in axes if axis.key.split(".")[0] == "dropouts"]
    for axis in swept:
        for value in axis.values or ():
            named |= set(
                methods_named(value if axis.key == "dropouts" else {axis.key.removeprefix("dropouts."): value})
            )
    known = members("dropout")
    for name in sorted(named):
        if name not in known:
            raise UserError(f"dropouts: there is no method {name}; allowed: {', '.join(known)}{closest(name, known)}")
    return {name: _plain(loader.load_sweep_config(config, [f"dropout={name}"]).dropout) for name in named}


def _plain(section: DictConfig) -> dict[str, Any]:
    plain: Any = OmegaConf.to_container(section)
    found: dict[str, Any] = plain
    return found


def _check_given(fixed: Sequence[str], axes: Sequence[Axis]) -> None:
    """Raises UserError for overrides that Hydra takes and that mean nothing here."""
    swept = {axis.key for axis in axes}
    for line in fixed:
        key = key_of(line)
        if line.startswith("~"):
            raise UserError(f"{line}: no key can be left out; give it a value")
        if key in swept:
            raise UserError(f"{key}: given twice, once with several values; leave one of them out")


def quoted(text: str) -> str:
    """The text as Hydra's grammar reads it back: within quotes, and with a backslash before each quote."""
    doubled = re.sub(r"(\\+)$", r"\1\1", text)  # else the last one would stand before the closing quote
    return "'" + re.sub(r"(\\*)'", r"\1\1\\'", doubled) + "'"


def _launch(context: HydraContext, config: DictConfig, work: Work, fixed: Sequence[str]) -> None:
    """Starts the workers through Hydra's launcher, and raises what any of them raised."""
    launcher = Plugins.instance().instantiate_launcher(hydra_context=context, task_function=Job(work), config=config)
    jobs = [[*fixed, f"name={quoted(config.name)}"] for _ in range(work.plan.workers)]
    for job in launcher.launch(jobs, initial_job_idx=0):
        _ = job.return_value


class Job:
    """A worker as Hydra's task function: its number is the job's."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def __call__(self, config: DictConfig) -> None:
        from hydra.core.hydra_config import HydraConfig

        self._work(int(HydraConfig.get().job.num))


def _check_launcher(launcher: str) -> None:
    """Raises UserError for a launcher whose scheduler this machine does not have."""
    if launcher == "submitit_slurm" and shutil.which("sbatch") is None:
        raise UserError(
            "hydra/launcher=submitit_slurm: this machine has no Slurm: there is no sbatch on its PATH; allowed here:"
            " basic, joblib, submitit_local"
        )


def _workers(wanted: int | None, config: DictConfig) -> int:
    """As many workers as are wanted, else as the launcher runs at once, if it says so.

    Raises UserError for more than the launcher runs at once: it would start the others when the work is done.
    """
    launcher = config.hydra.launcher
    jobs = launcher.get("n_jobs", 1)
    if jobs == 0:
        raise UserError("hydra.launcher.n_jobs=0: must be at least 1, or -1 for one worker a core")
    at_once = int(jobs) if jobs > 0 else train.threads(1)
    one_by_one = str(launcher["_target_"]).endswith("BasicLauncher")
    if wanted is not None and (one_by_one or "n_jobs" in launcher) and jobs > 0 and wanted > at_once:
        which = "Hydra's basic launcher starts one worker after the other" if one_by_one else f"n_jobs is {jobs}"
        raise UserError(
            f"workers={wanted}: {which}; for workers at the same time give hydra/launcher=joblib "
            f"hydra.launcher.n_jobs={wanted} (extra parallel)"
        )
    return wanted or at_once


def _name(fixed: Sequence[str], axes: Sequence[Axis], choices: Mapping[str, str], command: str) -> str:
    """A folder name that another command with the same settings has too: a wider grid continues its sweep."""
    experiment = choices.get("experiment", "null")
    begin = command if experiment in ("null", "None") else experiment
    keys = {line: key_of(line) for line in fixed}
    telling = sorted(
        line for line, key in keys.items() if key != "experiment" and role(key) not in ("control", "machine")
    )
    if experiment in ("null", "None"):
        telling += sorted(axis.key for axis in axes)
    return f"{begin}_{digest(telling, 6)}" if telling else begin
