"""What a sweep would train, and how long that would take, without training it."""

import math
from dataclasses import dataclass, replace

from rich.console import Console
from rich.table import Table

from dropout_lab.cohort.width import is_out_of_memory
from dropout_lab.core.trial import Config, digest
from dropout_lab.sweeper.cells import Cell
from dropout_lab.sweeper.execution import choose_execution
from dropout_lab.sweeper.prepare import Prepared
from dropout_lab.sweeper.progress import clock, name
from dropout_lab.sweeper.trainer_protocol import Trainer

MOST_ROWS = 60
"""Cells that are listed one by one."""


def show(console: Console, prepared: Prepared, trainer: Trainer) -> None:
    """Print the number of configurations and runs, the cells, their cohorts, and an estimate of the time.

    The estimate is measured: a few steps and an evaluation of every cohort.
    """
    plan, to_train = prepared.plan, prepared.runs_to_train()
    _print_counts(console, prepared, to_train)
    cohorts = _cohorts(prepared)
    threads = trainer.threads(plan.workers)
    known, seconds = sum(cohort.runs for cohort in cohorts), 0.0
    for number, cohort in enumerate(cohorts):
        # What a sampler will suggest is taken to have the structure of the first.
        runs = cohort.runs + (to_train - known if number == 0 else 0)
        if runs:
            seconds += _forecast(console, prepared, trainer, number, replace(cohort, runs=runs), threads)
    if to_train:
        specs = [cohort.spec for cohort in cohorts]
        seconds += trainer.forecast_pretraining(specs, plan.seeds, plan.device, threads)
    if seconds:
        console.print(f"estimated time: {clock(seconds)} on {plan.device}")


@dataclass(frozen=True)
class Cohort:
    """The cells of one structure."""

    spec: Config
    runs: int
    """Runs to train."""
    epochs: int
    """The mean number of epochs of these runs."""


def _cohorts(prepared: Prepared) -> list[Cohort]:
    cells: dict[str, list[Cell]] = {}
    for cell in prepared.cells:
        cells.setdefault(digest(cell.described.structure), []).append(cell)
    cohorts = []
    for found in cells.values():
        missing = [len(prepared.missing(cell.key)) for cell in found]
        epochs = sum(cell.epochs * runs for cell, runs in zip(found, missing, strict=True)) / max(1, sum(missing))
        cohorts.append(Cohort(found[-1].described.structure, sum(missing), round(epochs)))
    return cohorts


def _forecast(
    console: Console, prepared: Prepared, trainer: Trainer, number: int, cohort: Cohort, threads: int
) -> float:
    """The seconds that a cohort would take, printed with its lanes; 0 where memory is too small to find out."""
    plan, spec = prepared.plan, cohort.spec
    share = math.ceil(cohort.runs / plan.workers)
    how = choose_execution(plan, trainer, spec, None, share, threads, console.print)
    try:
        found = trainer.forecast(spec, how, share, cohort.epochs)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        console.print(
            f"cohort {number}: {cohort.runs} runs, of unknown time: out of memory with {how.widths.most} lanes"
        )
        return 0.0
    model, dataset = spec["model"]["_target_"].rpartition(".")[2], plan.choices["dataset"]
    console.print(f"cohort {number}: {model} on {dataset}, {cohort.runs} runs in {found.width} lanes, {found.why}")
    return found.seconds


def _print_counts(console: Console, prepared: Prepared, to_train: int) -> None:
    plan = prepared.plan
    known = len(prepared.cells) if prepared.is_grid else (plan.n_trials or 0) + len(prepared.cells)
    done = known * plan.seeds - to_train
    console.print(f"{known} configurations x {plan.seeds} seeds = {known * plan.seeds} runs")
    console.print(f"{max(0, done)} runs are done already, {to_train} are to be trained, into {plan.folder}")
    console.print(_cells(prepared))
    if len(prepared.cells) > MOST_ROWS:
        console.print(f"... and {len(prepared.cells) - MOST_ROWS} more cells")
    if not prepared.is_grid:
        console.print(f"and {plan.n_trials} configurations that the sampler chooses from")
        for axis in plan.axes:
            console.print(f"  {axis.key}: {axis.describe()}")


def _cells(prepared: Prepared) -> Table:
    axes = [axis.key for axis in prepared.plan.axes]
    table = Table(*axes, "configuration", "site rates", "runs to train")
    for cell in prepared.cells[:MOST_ROWS]:
        rates = ", ".join(f"{site} {rate:g}" for site, rate in cell.described.trial.rates.items())
        shown = [str(cell.values.get(key, "-")) for key in axes]
        table.add_row(*shown, name(cell.described.label), rates or "none", str(len(prepared.missing(cell.key))))
    return table
