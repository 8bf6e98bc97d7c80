"""How long each table of the report takes, and the whole of it.

    python -m tests.benchmarks.report [--runs N] [--seeds N] [--epochs N] [--only-whole] [--from-records] [--profile]

Makes the frames of a search of so many runs (100,000 of 50 epochs by default), and prints for each table its
rows, its seconds, and the most memory that the process has held so far; then the same for the whole report, with its
figures, page and exports. `--from-records`: written as records first and loaded from there, which is timed too.
`--profile`: where the time of the whole report goes.
"""

import argparse
import cProfile
import pstats
import resource
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from dropout_lab.report import uncollected
from dropout_lab.report.frames.load import Frames, load
from dropout_lab.report.frames.ranking import ranked
from dropout_lab.report.topics.configurations.configurations import configurations
from dropout_lab.report.topics.outline import tables as outline
from dropout_lab.report.write.frames import as_csv
from dropout_lab.report.write.write import write_all
from tests.report.large import Large, search


def measured(name: str, make: Callable[[], pd.DataFrame]) -> tuple[pd.DataFrame, float]:
    started = time.perf_counter()
    table = make()
    seconds = time.perf_counter() - started
    say(name, len(table), seconds)
    return table, seconds


def say(name: str, rows: int, seconds: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{name:<20}{rows:>10,} rows{seconds:>9.2f} s{peak:>8.2f} GiB", flush=True)


def tables(frames: Frames) -> None:
    table, total = measured(
        "configurations", lambda: ranked(configurations(frames), frames.objectives[0], frames.seeds)
    )
    for name, one in outline().items():
        total += measured(name, lambda one=one: one.make(frames, table))[1]  # type: ignore[misc]
    print(f"{'all tables':<20}{total:>24.2f} s")


def whole(folder: Path, frames: Frames, profiled: bool) -> None:
    profile = cProfile.Profile()
    started = time.perf_counter()
    if profiled:
        profile.enable()
    with uncollected():
        write_all(folder, frames, jobs=1, refresh=None, pdf=False, running=False)
    profile.disable()
    say("whole report", len(frames.trials), time.perf_counter() - started)
    if profiled:
        pstats.Stats(profile).sort_stats("cumulative").print_stats("dropout_lab", 40)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=50)
    for name in ("--only-whole", "--from-records", "--profile"):
        parser.add_argument(name, action="store_true")
    asked = parser.parse_args()
    large = Large(search(asked.runs // asked.seeds), seeds=asked.seeds, epochs=asked.epochs)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / "sweep"
        folder.mkdir()
        if asked.from_records:
            large.write(folder)
        started = time.perf_counter()
        frames = load(folder) if asked.from_records else large.frames()
        say("load" if asked.from_records else "(frames)", len(frames.curves), time.perf_counter() - started)
        started = time.perf_counter()
        as_csv(frames.curves)
        say("curves as CSV", len(frames.curves), time.perf_counter() - started)
        if not asked.only_whole:
            tables(frames)
        whole(folder, frames, asked.profile)


if __name__ == "__main__":
    main()
