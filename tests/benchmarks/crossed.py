"""Intervals of a difference on a test set, over seeds and test examples: how often three of them cover, and how wide.

    python -m tests.benchmarks.crossed [--repeat N] [--sweep FOLDER]

Values of seeds x examples are drawn, and the intervals of their mean are compared with the mean that they were drawn
with: t over seeds alone, the percentile bootstrap over both, and `statistics.crossed_mean`. The components of variance
are those of the default sweep, also with those of seeds or examples changed. With --sweep, seeds and examples are drawn
from the recorded predictions of a finished classification instead: their values have long tails.
"""

import argparse
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from dropout_lab.report.frames.load import load
from dropout_lab.report.statistics import Floats, crossed_mean, means_of_rows
from dropout_lab.report.statistics.crossed import components
from dropout_lab.report.topics.test_set.test_set import differences
from dropout_lab.report.write.write import evidence_of

SEEDS = (3, 5, 10)
EXAMPLES = (100, 360, 2000)
RESAMPLES = 400
NAMES = ("seeds alone", "bootstrap of both", "crossed_mean")


class Spread(NamedTuple):
    """Standard deviations of the effects of a seed, of an example, and of both together."""

    seed: float
    example: float
    rest: float


SPREADS = {
    "loss": Spread(0.0175, 0.218, 0.422),
    "accuracy": Spread(0.0072, 0.0528, 0.185),
    "loss, seeds x 4": Spread(0.07, 0.218, 0.422),
    "loss, examples x 4": Spread(0.0175, 0.872, 0.422),
    "loss, nothing shared": Spread(0.0, 0.0, 0.422),
}
"""Those of everywhere at 0.2 minus no dropout on the test set of the default sweep (digits), and others."""

Draw = Callable[[np.random.Generator, int, int], Floats]
"""(generator, seeds, examples) -> values with mean 0."""


def normal(spread: Spread) -> Draw:
    def draw(generator: np.random.Generator, seeds: int, examples: int) -> Floats:
        own = spread.seed * generator.standard_normal((seeds, 1))
        own = own + spread.example * generator.standard_normal((1, examples))
        return np.asarray(own + spread.rest * generator.standard_normal((seeds, examples)))

    return draw


def again(values: Floats) -> Draw:
    """Draws seeds and examples of `values` with replacement."""
    centered = values - values.mean()

    def draw(generator: np.random.Generator, seeds: int, examples: int) -> Floats:
        rows = generator.integers(len(values), size=seeds)
        return np.asarray(centered[np.ix_(rows, generator.integers(values.shape[1], size=examples))])

    return draw


def weights(generator: np.random.Generator, count: int) -> Floats:
    drawn = generator.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
    return np.asarray(drawn / count, dtype=np.float32)


def intervals(values: Floats, of_seeds: Floats, of_examples: Floats) -> Iterator[tuple[float, float]]:
    """Those of `NAMES`; `of_seeds` and `of_examples` have the weights of each resample."""
    alone = means_of_rows(values.mean(axis=1)[None]).of(0)
    yield alone.low, alone.high
    means = (of_seeds * (of_examples @ values.T.astype(np.float32))).sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    yield float(low), float(high)
    both = crossed_mean(values)
    yield both.low, both.high


def coverage(draw: Draw, seeds: int, examples: int, repeat: int) -> tuple[Floats, Floats]:
    """The share of intervals that contain 0, and their mean width: for each of `NAMES`."""
    generator = np.random.default_rng(0)
    covered, width = np.zeros(len(NAMES)), np.zeros(len(NAMES))
    known = 0
    of_seeds, of_examples = weights(generator, seeds), weights(generator, examples)
    for _ in range(repeat):
        found = np.array(list(intervals(draw(generator, seeds, examples), of_seeds, of_examples)))
        if np.isfinite(found).all():
            known += 1
            covered += (found[:, 0] <= 0) & (found[:, 1] >= 0)
            width += found[:, 1] - found[:, 0]
    return covered / known, width / known


def recorded(folder: Path) -> dict[str, Floats]:
    """Metric -> the chosen configuration minus its reference on the test set, seeds x examples."""
    evidence = evidence_of(load(folder))
    best, other = evidence.choice.best, evidence.choice.reference
    assert best is not None
    assert other is not None
    return differences(evidence.frames, best, other)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=1000)
    parser.add_argument("--sweep", type=Path)
    given = parser.parse_args()
    draws = {name: normal(spread) for name, spread in SPREADS.items()}
    if given.sweep is not None:
        draws = {}
        for metric, values in recorded(given.sweep).items():
            found, (seeds, examples) = components(values), values.shape
            seed, example = (
                math.sqrt(max(0.0, found.seeds - found.interaction) / examples),
                math.sqrt(max(0.0, found.examples - found.interaction) / seeds),
            )
            print(f"{metric}: {seeds} seeds, {examples} examples, {values.mean():.4f}; standard deviations of seeds")
            print(f"  {seed:.4f}, of examples {example:.4f}, of both together {math.sqrt(found.interaction):.4f}")
            generator = np.random.default_rng(0)
            ends = intervals(values, weights(generator, seeds), weights(generator, examples))
            print("; ".join(f"  {name} {low:.4f} to {high:.4f}" for name, (low, high) in zip(NAMES, ends, strict=True)))
            draws[f"{metric}, drawn from the sweep"] = again(values)
    table = Table("values", "seeds", "examples", *(f"{name}: covers, width" for name in NAMES))
    for name, draw in draws.items():
        for seeds in SEEDS:
            for examples in EXAMPLES:
                covered, width = coverage(draw, seeds, examples, given.repeat)
                cells = [f"{100 * c:.1f} %, {w:.3g}" for c, w in zip(covered, width, strict=True)]
                table.add_row(name, str(seeds), str(examples), *cells)
    Console(highlight=False, width=140).print(table)


if __name__ == "__main__":
    main()
