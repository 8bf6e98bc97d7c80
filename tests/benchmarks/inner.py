"""The training loop alone, without the process around it: an epoch of a cohort beside an epoch of a plain loop.

    python -m tests.benchmarks.inner [--width N] [--processes N]

Prints for each network the time of a compiled step, the share of the machine's float32 matmul rate it reaches, and how
many times as fast a run's epoch (training and both evaluations) is as in a plain loop with a DataLoader on one thread.
"""

import argparse
import statistics
import time

import torch
from rich.console import Console
from rich.table import Table

from dropout_lab.build.device import processes, threads
from dropout_lab.cohort.compilation.choice import prepare
from dropout_lab.cohort.optim import Adam
from dropout_lab.cohort.recipe import Recipe, Structure
from dropout_lab.cohort.width import Widths, best_widths
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.digits import digits
from dropout_lab.dropout.standard import Standard
from dropout_lab.models.mlp import MLP
from tests.benchmarks.plain import train as plain_train
from tests.benchmarks.speed import matmul_rate, products

NETWORKS = ((32, 32), (128, 64), (512, 64))
"""(width of both hidden layers, batch size)"""
EPOCHS = 30
PLAIN_EPOCHS = 5
CPU = torch.device("cpu")


def structure(dataset: Dataset, hidden: int, batch_size: int) -> Structure:
    return Structure(
        build=lambda: MLP(input_shape=dataset.input_shape, outputs=dataset.outputs, hidden=[hidden, hidden]),
        dataset=dataset,
        dropout=dict.fromkeys(("input", "hidden.0", "hidden.1"), Standard()),
        batch_size=batch_size,
        optimizer=Adam(lr=0.001),
    )


def cohort(made: Structure, widths: Widths) -> tuple[float, float, float]:
    """Seconds of a compiled step of all lanes and of an epoch with its evaluations, medians over epochs; and the matmul
    rate before and after them: in between it would leave the caches to others."""
    rates_beside = [matmul_rate() for _ in range(3)]
    torch.set_num_threads(max(1, threads(1) // widths.processes))
    lanes, _ = prepare(made, widths, "always", widths.most, EPOCHS, CPU)
    for lane in range(lanes.width):
        rates = {"input": 0.1, "hidden.0": 0.5, "hidden.1": 0.5}
        recipe = Recipe(str(lane), lane % 8, rates, lambda progress: 1.0, Adam(lr=0.001), EPOCHS, None)
        lanes.load(lane, recipe)
    steps, epochs = [], []
    for _ in range(EPOCHS):
        started = time.perf_counter()
        lanes.train_epoch()
        steps.append((time.perf_counter() - started) / lanes.batches.steps)
        lanes.evaluate()
        epochs.append(time.perf_counter() - started)
    lanes.close()
    torch.set_num_threads(threads(1))
    rates_beside += [matmul_rate() for _ in range(3)]
    return statistics.median(steps), statistics.median(epochs), statistics.median(rates_beside)


def plain(dataset: Dataset, hidden: int, batch_size: int) -> float:
    """Seconds of an epoch of the plain loop on one thread: the median of three trainings."""
    settings = {"hidden": [hidden] * 2, "batch_size": batch_size, "epochs": PLAIN_EPOCHS, "lr": 0.001}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    spans = []
    for seed in range(3):
        started = time.perf_counter()
        plain_train(dataset, settings, {"input": 0.1, "hidden": 0.5}, seed)
        spans.append((time.perf_counter() - started) / PLAIN_EPOCHS)
    torch.set_num_threads(threads)
    return statistics.median(spans)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, help="lanes of each process; by default what a sweep would take")
    parser.add_argument("--processes", type=int, help="by default what a sweep would take")
    given = parser.parse_args()
    torch.set_num_threads(threads(1))
    dataset = digits()
    shared = given.processes or processes("cpu", threads(1))
    table = Table("network", "batch", "lanes", "step", "of the matmul rate", "a run's epoch", "plain", "ratio")
    for hidden, batch_size in NETWORKS:
        made = structure(dataset, hidden, batch_size)
        width = given.width or best_widths(made, CPU).compiled
        widths = Widths.fixed(width, shared)
        step, epoch, rate = cohort(made, widths)
        work = products(64, [hidden, hidden], batch_size, training=True) * widths.most
        alone = plain(dataset, hidden, batch_size)
        each = epoch / widths.most
        table.add_row(
            *(f"64-{hidden}-{hidden}-10", str(batch_size), str(widths.most), f"{step * 1e3:.2f} ms"),
            *(f"{work / step / rate:.0%}", f"{each * 1e3:.3f} ms", f"{alone * 1e3:.1f} ms", f"{alone / each:.0f} x"),
        )
    console = Console(highlight=False)
    console.print(table)
    console.print(f"{shared} processes, {threads(1)} cores; a product ran at {rate / 1e9:.0f} GFLOP/s beside the last")


if __name__ == "__main__":
    main()
