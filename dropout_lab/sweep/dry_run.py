"""What a sweep would train, and how long that would take, without training it."""

import math

from rich.console import Console
from rich.table import Table

from dropout_lab.cohort.width import Widths, is_out_of_memory
from dropout_lab.core.trial import Config, Trial, digest
from dropout_lab.sweep.prepare import Prepared
from dropout_lab.sweep.progress import clock, name
from dropout_lab.sweep.trainer import Trainer, best_widths

MOST_ROWS = 60
"""Cells that are listed one by one."""


def show(console: Console, prepared: Prepared, trainer: Trainer) -> None:
    """Prints the number of configurations and runs, the cells, their cohorts, and an estimate of the time.

    The estimate is measured: a few steps and an evaluation of every cohort.
    """
    plan = prepared.plan
    to_train = prepared.runs_to_train()
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
    cohorts: dict[str, list[Trial]] = {}
    structures: dict[str, Config] = {}
    for cell in prepared.cells:
        which = digest(cell.described.structure)
        structures[which] = cell.described.structure
        cohorts.setdefault(which, []).extend([cell.described.trial] * len(prepared.missing(cell.key)))
    searched = to_train - sum(map(len, cohorts.values()))
    seconds, trainer_config = 0.0, plan.config["trainer"]
    threads = trainer.threads(plan.workers)
    processes = trainer.processes(plan.device, threads)
    for number, (which, trials) in enumerate(cohorts.items()):
        runs = len(trials) + (searched if number == 0 else 0)
        if not runs:
            continue
        share = math.ceil(runs / plan.workers)
        if trainer_config["width"] == "auto":
            widths = best_widths(trainer, structures[which], plan.device, console.print).for_runs(share, processes)
        else:
            widths = Widths.in_all(min(int(trainer_config["width"]), share), processes)
        epochs = (trials[0] if trials else prepared.cells[0].described.trial).config["trainer"]["epochs"]
        try:
            found = trainer.forecast(
                structures[which],
                widths,
                trainer_config["compile"],
                share,
                epochs,
                plan.device,
                threads if widths.processes == 1 else 1,
            )
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            console.print(f"cohort {number}: {runs} runs, of unknown time: out of memory with {widths.most} lanes")
            continue
        seconds += found.seconds
        model = structures[which]["model"]["_target_"].rpartition(".")[2]
        dataset = plan.choices["dataset"]
        console.print(f"cohort {number}: {model} on {dataset}, {runs} runs in {found.width} lanes, {found.why}")
    if to_train:
        specs, threads = structures.values(), trainer.threads(plan.workers)
        seconds += trainer.forecast_pretraining(specs, plan.seeds, plan.device, threads)
    if seconds:
        console.print(f"estimated time: {clock(seconds)} on {plan.device}")


def _cells(prepared: Prepared) -> Table:
    axes = [axis.key for axis in prepared.plan.axes]
    table = Table(*axes, "configuration", "site rates", "runs to train")
    for cell in prepared.cells[:MOST_ROWS]:
        rates = ", ".join(f"{site} {rate:g}" for site, rate in cell.described.trial.rates.items())
        shown = [str(cell.values.get(key, "-")) for key in axes]
        table.add_row(*shown, name(cell.described.label), rates or "none", str(len(prepared.missing(cell.key))))
    return table
