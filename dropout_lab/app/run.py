"""One command, from Hydra's config to trained runs and their report; a command line and a Python call differ in how
workers start and who reads the report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig
from rich.console import Console

from dropout_lab.config.instantiate import instantiate
from dropout_lab.core.errors import RunsFailed
from dropout_lab.core.interrupts import Interrupted
from dropout_lab.records.ledger import Ledger
from dropout_lab.records.store import read
from dropout_lab.sweeper import dry_run
from dropout_lab.sweeper.command import Command
from dropout_lab.sweeper.commit import commit
from dropout_lab.sweeper.kept import settle
from dropout_lab.sweeper.make_plan import Planned, make_plan
from dropout_lab.sweeper.prepare import prepare
from dropout_lab.sweeper.trainer_protocol import Trainer
from dropout_lab.sweeper.worker import Work, check_unlocked, lock
from dropout_lab.tracker.follow import follow
from dropout_lab.tracker.tracker import AbstractTracker


@dataclass(frozen=True)
class Caller:
    """What a command line and a Python call do each in their way."""

    line: str
    """The command, as its record and the report give it."""
    again: str
    """How to continue after an interruption."""
    begin: Callable[[Work, Sequence[str]], None]
    """Trains; takes the overrides with one value, too."""
    report: Callable[[Path], None]
    """Makes the report of a folder."""


def run(
    console: Console, loader: ConfigLoader, config: DictConfig, command: Command, trainer: Trainer, caller: Caller
) -> None:
    """Plan, train and report one command.

    Raises UserError before training, RunsFailed after it, and Interrupted where the user stops it.
    """
    planned = make_plan(loader, config, command, trainer)
    try:
        _run(console, planned, trainer, caller)
    except KeyboardInterrupt:
        folder = planned.plan.folder
        console.print(f"\nInterrupted. What is done is kept in {folder}. To continue:\n  {caller.again}")
        raise Interrupted from None


def _run(console: Console, planned: Planned, trainer: Trainer, caller: Caller) -> None:
    tracker: AbstractTracker = instantiate("tracker", planned.plan.config["tracker"])
    tracker.check()
    prepared = prepare(planned.plan, trainer)
    plan = prepared.plan
    for sentence in (*prepared.notes, *prepared.warnings):
        console.print(sentence)
    if plan.config["dry_run"]:
        dry_run.show(console, prepared, trainer)
        return
    with lock(plan, "sweep"):
        check_unlocked(plan)
        for sentence in commit(prepared, caller.line):
            console.print(sentence)
        work = Work(plan, trainer, prepared.runs_to_train(), prepared.epochs_per_run(), trainer.threads(plan.workers))
        most = "" if prepared.is_grid else "at most "
        console.print(f"{most}{work.total} runs to train on {plan.device}, into {plan.folder}")
        with follow(tracker, plan.folder, console.print):
            if work.total:
                caller.begin(work, planned.fixed)
            if (said := settle(plan, Ledger.of(read(plan.folder)))) is not None:
                console.print(said)
            caller.report(plan.folder)
    if failed := prepared.failed():
        raise RunsFailed(f"{failed} runs failed: the report names them, with their reasons")
