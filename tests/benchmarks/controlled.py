"""Controlled dropout beside standard dropout, at rate 0.5 behind three hidden layers: time of a step, and accuracy.

    python -m tests.benchmarks.controlled [--widths N ...] [--epochs N]

Both train the same network on digits with the same seeds, one seed a lane, compiled. Between two hidden layers
controlled dropout computes a quarter of the products; what does not shrink are the passes over all weights and their
gradients: with SGD the fewest that a training can have, with Adam three times as many.
"""

import argparse
import os
import statistics
import time

import torch
from rich.console import Console
from rich.table import Table

from dropout_lab.build.device import threads
from dropout_lab.cohort.compilation.choice import prepare
from dropout_lab.cohort.optim import SGD, AbstractOptimizer, Adam
from dropout_lab.cohort.recipe import Recipe, Structure
from dropout_lab.cohort.width import Widths
from dropout_lab.datasets.digits import digits
from dropout_lab.dropout.controlled import Controlled
from dropout_lab.dropout.standard import Standard
from dropout_lab.models.mlp import MLP
from dropout_lab.sites.method import AbstractDropout
from tests.benchmarks.speed import matmul_rate

SEEDS = 4
RATE = 0.5
HIDDEN = 3
BATCH = 128
OPTIMIZERS: dict[str, AbstractOptimizer] = {"sgd": SGD(lr=0.2, momentum=0.0), "adam": Adam(lr=0.0005)}


def measure(width: int, dropout: AbstractDropout, optimizer: AbstractOptimizer, epochs: int) -> tuple[float, float]:
    """Seconds of a step of all lanes, the median over epochs, and the mean test accuracy after the last one."""
    dataset = digits()
    sites = [f"hidden.{index}" for index in range(HIDDEN)]
    structure = Structure(
        build=lambda: MLP(input_shape=dataset.input_shape, outputs=dataset.outputs, hidden=[width] * HIDDEN),
        dataset=dataset,
        dropout=dict.fromkeys(sites, dropout),
        batch_size=BATCH,
        optimizer=optimizer,
    )
    lanes, _ = prepare(structure, Widths.fixed(SEEDS), "always", SEEDS, epochs, torch.device("cpu"))
    for seed in range(SEEDS):
        lanes.load(
            seed, Recipe(str(seed), seed, dict.fromkeys(sites, RATE), lambda progress: 1.0, optimizer, epochs, None)
        )
    steps = []
    for _ in range(epochs):
        started = time.perf_counter()
        lanes.train_epoch()
        steps.append((time.perf_counter() - started) / lanes.batches.steps)
    lanes.keep_best(range(SEEDS))
    return statistics.median(steps), float(lanes.test()[1].mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--widths", type=int, nargs="+", default=[256, 1024, 4096])
    parser.add_argument("--epochs", type=int, default=30)
    given = parser.parse_args()
    torch.set_num_threads(threads(1))
    methods = {"standard": Standard(), "controlled": Controlled(classic=False, rate=RATE)}
    table = Table("width", "optimizer", "standard step", "controlled step", "ratio", "standard test", "controlled test")
    console = Console(highlight=False)
    for width in given.widths:
        for name, optimizer in OPTIMIZERS.items():
            found = {label: measure(width, method, optimizer, given.epochs) for label, method in methods.items()}
            (slow, usual), (fast, other) = found["standard"], found["controlled"]
            times = f"{slow * 1e3:.1f} ms", f"{fast * 1e3:.1f} ms", f"{slow / fast:.2f} x"
            row = str(width), name, *times, f"{usual:.2%}", f"{other:.2%}"
            table.add_row(*row)
            console.print(", ".join(row), f"(load {os.getloadavg()[0]:.1f})")
    console.print(table)
    console.print(
        f"steps of {SEEDS} lanes of batches of {BATCH}, {torch.get_num_threads()} threads; accuracies after "
        f"{given.epochs} epochs, means over {SEEDS} seeds; a matrix product ran at {matmul_rate() / 1e9:.0f} GFLOP/s"
    )


if __name__ == "__main__":
    main()
