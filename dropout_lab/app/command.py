"""The sweep and train commands: from Hydra's config to a plan, to launched workers, to the report."""

import shlex

from hydra.types import HydraContext
from omegaconf import DictConfig
from rich.console import Console

from dropout_lab.app import typed
from dropout_lab.app.run import Caller, run
from dropout_lab.app.terminal import show
from dropout_lab.build.builder import Builder
from dropout_lab.build.cohort_trainer import CohortTrainer
from dropout_lab.report.apart import make_apart
from dropout_lab.sweeper.command import Command
from dropout_lab.sweeper.launch import check_launcher, launch


def run_sweep(context: HydraContext, config: DictConfig, command: Command) -> None:
    """Plan, train and report one command.

    Raises UserError before training, RunsFailed after it, and Interrupted where the user stops it.
    """
    console = Console(soft_wrap=True, highlight=False, markup=False)
    check_launcher(str(config.hydra.runtime.choices["hydra/launcher"]))
    line = shlex.join(["dropout-lab", command.name, *typed.argv.get(command.overrides)])
    caller = Caller(
        line=line,
        again=line,
        begin=lambda work, fixed: launch(context, config, work, fixed),
        report=lambda folder: show(console, make_apart(folder, pdf=False)),
    )
    run(console, context.config_loader, config, command, CohortTrainer(Builder()), caller)
