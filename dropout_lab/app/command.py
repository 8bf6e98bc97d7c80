"""The sweep and train commands: from Hydra's config to a plan, to launched workers, to the report."""

import shlex

from hydra.types import HydraContext
from omegaconf import DictConfig
from rich.console import Console

from dropout_lab.app import typed
from dropout_lab.app.terminal import show
from dropout_lab.build.builder import Builder
from dropout_lab.build.cohort_trainer import CohortTrainer
from dropout_lab.config.instantiate import instantiate
from dropout_lab.core.errors import RunsFailed
from dropout_lab.report.apart import make_apart
from dropout_lab.sweeper import dry_run
from dropout_lab.sweeper.command import Command
from dropout_lab.sweeper.commit import commit
from dropout_lab.sweeper.launch import check_launcher, launch
from dropout_lab.sweeper.make_plan import make_plan
from dropout_lab.sweeper.prepare import prepare
from dropout_lab.sweeper.worker import Work, check_unlocked, lock
from dropout_lab.tracker.follow import follow
from dropout_lab.tracker.tracker import AbstractTracker


def run_sweep(context: HydraContext, config: DictConfig, command: Command) -> None:
    """Plan, train and report one command.

    Raises UserError before training, RunsFailed after it, and what an interruption raises while training.
    """
    console = Console(soft_wrap=True, highlight=False, markup=False)
    check_launcher(str(config.hydra.runtime.choices["hydra/launcher"]))
    trainer = CohortTrainer(Builder())
    planned = make_plan(context.config_loader, config, command, trainer)
    tracker: AbstractTracker = instantiate("tracker", planned.plan.config["tracker"])
    tracker.check()
    prepared = prepare(planned.plan, trainer)
    plan = prepared.plan
    for warning in prepared.warnings:
        console.print(warning)
    if plan.config["dry_run"]:
        dry_run.show(console, prepared, trainer)
        return
    line = shlex.join(["dropout-lab", command.name, *typed.argv.get(command.overrides)])
    with lock(plan, "sweep"):
        check_unlocked(plan)
        for sentence in commit(prepared, line):
            console.print(sentence)
        work = Work(plan, trainer, prepared.runs_to_train(), prepared.epochs_per_run(), trainer.threads(plan.workers))
        most = "" if prepared.is_grid else "at most "
        console.print(f"{most}{work.total} runs to train on {plan.device}, into {plan.folder}")
        with follow(tracker, plan.folder, console.print):
            try:
                if work.total:
                    launch(context, config, work, planned.fixed)
            except KeyboardInterrupt:
                console.print(f"\nInterrupted. What is done is kept in {plan.folder}. To continue:\n  {line}")
                raise
            show(console, make_apart(plan.folder, pdf=False))
    if failed := prepared.failed():
        raise RunsFailed(f"{failed} runs failed: the report names them, with their reasons")
