"""How often the report's 95 % intervals cover, in real trainings on fresh data sets.

    python -m tests.benchmarks.coverage [--datasets N] [--seeds N]

Every data set is drawn anew from one known distribution: Gaussian clusters, for training, validation and a small test
part. A large test set, the same for all, tells what a network is worth. Every configuration (no dropout and two rates)
is trained with many seeds, in groups of as many as a sweep has. The intervals of a group are compared with the
difference over the other seeds: for this data set, and over all data sets. The former is known with the error of a
mean over these seeds, by which the intervals are widened for the comparison, and for nothing else.
"""

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from dropout_lab.cohort import loop
from dropout_lab.cohort.optim import Adam
from dropout_lab.cohort.recipe import Recipe, RunList, Structure
from dropout_lab.cohort.width import Widths
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.dropout.standard import Standard
from dropout_lab.models.mlp import MLP
from dropout_lab.report.statistics import Floats, Ints, Mean, crossed_mean, means_of_rows, simultaneous

FEATURES, CLASSES, CLUSTERS = 10, 2, 2
SPREAD = 1.5
"""Standard deviation of a cluster; the centers are corners of a cube with sides 2."""
TRAINING, SMALL, LARGE = 150, 100, 2000
"""Examples of training and validation together, and of the two test parts."""
VALIDATION = 0.2
RATES = (0.0, 0.25, 0.5)
WIDTH, LEARNING_RATE = 32, 0.02
EPOCHS, BATCH = 16, 40
GROUP = 5
"""Seeds of a sweep."""
METRICS = ("loss", "accuracy")
CHOSEN = "validation, simultaneous, of the chosen rate"


class Drawn(NamedTuple):
    inputs: Floats
    targets: Ints


def draw(generator: np.random.Generator, count: int) -> Drawn:
    """Examples of the distribution: each class has clusters at corners that never change."""
    corners = np.random.default_rng(7).choice([-1.0, 1.0], size=(CLASSES * CLUSTERS, FEATURES))
    which = generator.integers(len(corners), size=count)
    return Drawn(corners[which] + SPREAD * generator.standard_normal((count, FEATURES)), which % CLASSES)


def dataset(number: int, large: Drawn) -> Dataset:
    """The data set of this number; its test set is the small one, then the large one."""
    own = draw(np.random.default_rng([11, number]), TRAINING + SMALL)
    return Dataset(
        name=f"clusters {number}",
        task="classification",
        inputs=torch.from_numpy(np.concatenate([own.inputs, large.inputs])).float(),
        targets=torch.from_numpy(np.concatenate([own.targets, large.targets])).long(),
        test=torch.arange(TRAINING, TRAINING + SMALL + len(large.targets)),
        outputs=CLASSES,
        standardize="feature",
        val_fraction=VALIDATION,
    )


@dataclass(frozen=True)
class Trained:
    """The values of a metric: `val` and `large` are configurations x seeds, `small` has its test examples besides."""

    val: Floats
    small: Floats
    large: Floats


def trained(data: Dataset, seeds: int) -> Mapping[str, Trained]:
    """Metric -> the values of every rate and seed, from networks trained in cohorts."""
    optimizer = Adam(lr=LEARNING_RATE)
    made = Structure(
        build=lambda: MLP(input_shape=(FEATURES,), outputs=CLASSES, hidden=[WIDTH]),
        dataset=data,
        dropout={"hidden.0": Standard()},
        batch_size=BATCH,
        optimizer=optimizer,
    )
    runs = RunList(
        [
            Recipe(f"{place} {seed}", seed, {"hidden.0": rate}, lambda progress: 1.0, optimizer, EPOCHS, None)
            for place, rate in enumerate(RATES)
            for seed in range(seeds)
        ]
    )
    loop.train(made, Widths.fixed(min(60, len(RATES) * seeds)), "never", runs, torch.device("cpu"))
    shape = (len(RATES), seeds)
    found = {metric: Trained(np.empty(shape), np.empty((*shape, SMALL)), np.empty(shape)) for metric in METRICS}
    for place in range(len(RATES)):
        for seed in range(seeds):
            result = runs.results[f"{place} {seed}"]
            assert result.answers is not None
            epoch = int(np.argmin(np.array(result.curves["val_loss"], dtype=float)))
            probs, targets = result.answers.probs, result.answers.targets
            each = {
                "loss": -np.log(np.clip(probs[np.arange(len(targets)), targets], 1e-12, 1)),
                "accuracy": (probs.argmax(1) == targets).astype(float),
            }
            for metric, values in each.items():
                own = found[metric]
                own.val[place, seed] = float(result.curves[f"val_{metric}"][epoch] or 0.0)
                own.small[place, seed], own.large[place, seed] = values[:SMALL], values[SMALL:].mean()
    return found


def of_number(number: int, seeds: int) -> Mapping[str, Trained]:
    """`trained` on the data set of this number."""
    return trained(dataset(number, draw(np.random.default_rng(13), LARGE)), seeds)


class Interval(NamedTuple):
    """`alone`: the half-width that the seeds alone give to the values which tell the truth."""

    mean: float
    low: float
    high: float
    alone: float

    def wider(self, factor: float) -> "Interval":
        return self._replace(
            low=self.mean + factor * (self.low - self.mean), high=self.mean + factor * (self.high - self.mean)
        )

    def covers(self, truth: float, others: int) -> bool:
        """Whether it contains a truth that is a mean over `others` seeds; 0: the truth is known."""
        half = self.high - self.mean if truth > self.mean else self.mean - self.low
        error = self.alone**2 * GROUP / others if others else 0.0
        return bool(abs(self.mean - truth) <= np.sqrt(half**2 + error))


def of(found: Mean, alone: Mean) -> Interval:
    return Interval(found.mean, found.low, found.high, (alone.high - alone.low) / 2)


def intervals(own: Trained, group: slice) -> Iterator[tuple[str, Interval, Floats]]:
    """Name, interval of the first rate's difference, and the values of every seed whose mean it is to cover."""
    val, large = own.val[1] - own.val[0], own.large[1] - own.large[0]
    small = own.small[1] - own.small[0]
    on_val, on_large, on_small = (
        means_of_rows(values[None, group]).of(0) for values in (val, large, small.mean(axis=1))
    )
    yield "validation, over seeds", of(on_val, on_val), val
    # Nadeau and Bengio (2003): the variance of n seeds is (1 / n + validation / training) times that of one.
    more = float(np.sqrt(1 + GROUP * VALIDATION / (1 - VALIDATION)))
    yield "validation, Nadeau and Bengio", of(on_val, on_val).wider(more), val
    yield "validation, over seeds; of the test difference", of(on_val, on_large), large
    yield "large test set, over seeds", of(on_large, on_large), large
    yield "small test set, over seeds", of(on_small, on_large), large
    yield "small test set, over seeds; of this test set", of(on_small, on_small), small.mean(axis=1)
    yield "small test set, seeds and examples", of(crossed_mean(small[group]), on_large), large


def every(own: Trained, group: slice, maximised: bool) -> Iterator[tuple[str, Interval, Floats]]:
    """`intervals`, and that of the chosen rate."""
    yield from intervals(own, group)
    best = chosen(own, group, maximised)
    if best is not None:
        yield CHOSEN, *best


def chosen(own: Trained, group: slice, maximised: bool) -> tuple[Interval, Floats] | None:
    """The simultaneous interval of the rate that looks best in validation; None if no dropout does."""
    sign = -1.0 if maximised else 1.0
    best = int((sign * own.val[:, group].mean(axis=1)).argmin())
    if best == 0:
        return None
    differences = own.val[1:] - own.val[0]
    found = simultaneous(differences[:, group]).of(best - 1)
    return of(found, means_of_rows(differences[best - 1 : best, group]).of(0)), differences[best - 1]


class Coverage(NamedTuple):
    """Shares of intervals, and their mean half-width; `over_data` is NaN where the choice differs between data sets."""

    metric: str
    name: str
    intervals: int
    width: float
    this_data: float
    over_data: float


def coverage(results: Sequence[Mapping[str, Trained]]) -> Iterator[Coverage]:
    """Count how often the intervals of every group of seeds of every data set cover."""
    for metric in METRICS:
        seeds = results[0][metric].val.shape[1]
        groups = [slice(start, start + GROUP) for start in range(0, seeds - GROUP + 1, GROUP)]
        found: dict[str, list[tuple[Interval, float, float]]] = {}
        for one in results:
            for group in groups:
                rest = np.delete(np.arange(seeds), group)
                for name, interval, values in every(one[metric], group, metric == "accuracy"):
                    if np.isfinite(interval.low):  # the report prints no interval of equal values
                        found.setdefault(name, []).append((interval, float(values[rest].mean()), float(values.mean())))
        for name, counted in found.items():
            whole = np.nan if name == CHOSEN else float(np.mean([mean for _, _, mean in counted]))
            yield Coverage(
                metric,
                name,
                len(counted),
                float(np.mean([one.high - one.low for one, _, _ in counted])) / 2,
                float(np.mean([one.covers(truth, seeds - GROUP) for one, truth, _ in counted])),
                np.nan if np.isnan(whole) else float(np.mean([one.covers(whole, 0) for one, _, _ in counted])),
            )


def show(results: Sequence[Mapping[str, Trained]], console: Console) -> None:
    """Print the table."""
    table = Table("metric", "interval", "intervals", "half-width", "this data set", "over data sets")
    for row in coverage(results):
        over = "" if np.isnan(row.over_data) else f"{100 * row.over_data:.1f} %"
        cells = [row.metric, row.name, str(row.intervals), f"{row.width:.3g}", f"{100 * row.this_data:.1f} %", over]
        table.add_row(*cells)
    console.print(table)
    for metric in METRICS:
        differences = np.array([one[metric].large[1] - one[metric].large[0] for one in results])
        console.print(
            f"{metric} on the large test set: difference {differences.mean():.4f}; standard deviation between seeds"
            f" {np.sqrt(differences.var(axis=1, ddof=1).mean()):.4f}, between data sets (over all seeds)"
            f" {differences.mean(axis=1).std(ddof=1):.4f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    started = time.perf_counter()
    # Spawned, as torch's threads do not survive a fork.
    with ProcessPoolExecutor(given.processes, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        results = list(pool.map(partial(of_number, seeds=given.seeds), range(given.datasets)))
    console = Console(highlight=False, width=140)
    show(results, console)
    console.print(
        f"{given.datasets} data sets x {len(RATES) * given.seeds} runs, {time.perf_counter() - started:.0f} s"
    )


if __name__ == "__main__":
    main()
