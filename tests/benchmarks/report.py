"""How long each table of the report takes.

    python -m tests.benchmarks.report [--runs N] [--seeds N] [--epochs N]

Makes the frames of a search of so many runs (100,000 of 50 epochs unless told otherwise), and prints for each table its
rows, its seconds, and the most memory that the process has held so far.
"""

import argparse
import resource
import time
from collections.abc import Callable

import pandas as pd

from dropout_lab.report.tables import TABLES, configurations, ranked
from tests.report.large import Large, search


def measured(name: str, make: Callable[[], pd.DataFrame]) -> tuple[pd.DataFrame, float]:
    started = time.perf_counter()
    table = make()
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{name:<16}{len(table):>10,} rows{seconds:>9.2f} s{peak:>8.2f} GiB", flush=True)
    return table, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=50)
    asked = parser.parse_args()
    frames = Large(search(asked.runs // asked.seeds), seeds=asked.seeds, epochs=asked.epochs).frames()
    measured("(curves)", lambda: frames.curves)
    table, total = measured(
        "configurations", lambda: ranked(configurations(frames), frames.objectives[0], frames.seeds)
    )
    for name, (make, _) in TABLES.items():
        total += measured(name, lambda make=make: make(frames, table))[1]  # type: ignore[misc]
    print(f"{'all':<16}{total:>24.2f} s")


if __name__ == "__main__":
    main()
