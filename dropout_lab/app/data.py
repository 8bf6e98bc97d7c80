"""`dropout-lab data`: what was understood of a data set, before anything is trained on it."""

import sys
from collections.abc import Iterator, Sequence

import torch
from hydra.types import HydraContext
from omegaconf import DictConfig
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from dropout_lab.config.check import check
from dropout_lab.config.instantiate import instantiate
from dropout_lab.datasets.column_reading import ColumnReading, rows
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.division_told import lacking, left_out
from dropout_lab.datasets.repeats import repeats
from dropout_lab.sweeper.axes import Swept
from dropout_lab.sweeper.command import Command
from dropout_lab.sweeper.composer import Composer
from dropout_lab.sweeper.variants import resolve

PIPED = 320
"""The width of what is no terminal, in which no name is folded."""
MOST_CLASSES = 12
HEADER = {
    **{"column": "column", "type": "type", "missing": "missing", "example": "example", "features": "features"},
    **{"told": "guessed", "change": "change it with"},
}


def run_data(context: HydraContext, config: DictConfig, command: Command) -> None:
    """Print what was understood of the command's data set. Raises UserError where it cannot be read."""
    composer = Composer(context.config_loader, config)
    ((whole, _),) = composer.compose(Swept([], command.overrides, [], False), command.overrides).values()
    settings = resolve(whole)
    check(settings)
    dataset = instantiate("dataset", settings["dataset"])
    is_seen = sys.stdout.isatty()
    console = Console(soft_wrap=not is_seen, highlight=False, markup=False, width=None if is_seen else PIPED)
    for line in summary(dataset):
        console.print(line)
    if dataset.readings:
        console.print(_table(dataset.readings))
    for note in (*dataset.notes, *left_out(dataset)):
        console.print(note)
    for warning in (*dataset.warnings, *dataset.hints, *lacking(dataset), *repeats(dataset)):
        console.print(f"warning: {warning}")


def summary(dataset: Dataset) -> Iterator[str]:
    """The examples, their shape, the parts and the classes, a line each."""
    n = len(dataset.inputs)
    shape = " x ".join(map(str, dataset.input_shape))
    what = f"{shape} tokens" if dataset.vocabulary else f"{shape} numbers"
    yield f"{dataset.name}: {n:,} examples of {what}, {dataset.task.replace('_', ' ')}"
    split = dataset.split(0)
    yield (
        f"parts: {len(split.train):,} to train on, {len(split.val):,} for validation (those of seed 0),"
        f" {len(dataset.test):,} for the test"
    )
    if dataset.vocabulary:
        yield f"vocabulary: {len(dataset.vocabulary):,} tokens"
    if dataset.has_missing:
        yield f"missing: {int(dataset.inputs.isnan().any(1).sum()):,} examples lack a number"
    if dataset.task == "classification":
        yield f"classes: {_classes(dataset)}"


def _classes(dataset: Dataset) -> str:
    counts = torch.bincount(dataset.targets.flatten(), minlength=dataset.outputs).tolist()
    names = list(dataset.class_names) or [str(place) for place in range(dataset.outputs)]
    found = [f"{name} {count:,}" for name, count in zip(names, counts, strict=True)]
    more = f" and {len(found) - MOST_CLASSES} more" if len(found) > MOST_CLASSES else ""
    return f"{', '.join(found[:MOST_CLASSES])}{more}"


def _table(readings: Sequence[ColumnReading]) -> Table:
    """A row a column; no cell is cut, however narrow the terminal is."""
    table = Table(box=SIMPLE, header_style="bold")
    for name in HEADER.values():
        table.add_column(name, overflow="fold")
    for row in rows(readings):
        table.add_row(*(str(row[key]) for key in HEADER))
    return table
