"""A network of the user's beside a plain PyTorch loop under Optuna: the same sweep, whole processes, in turn.

    python -m tests.benchmarks.own [--repeat N]

`lanes` is tests.benchmarks.networks.Net, which is trained side by side; `loop` is the same network with a branch on a
value, whose runs take turns at every step. Nothing is compiled ahead: each round has an empty cache. It makes
the report, too.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.speed import DIGITS, dropout_lab, plain

SETTINGS: dict[str, Any] = {**DIGITS, "model": "own", "placements": ["everywhere"], "seeds": 5, "batch_size": 32}
NETWORKS = {"lanes": "Net", "loop": "Branch"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3, help="rounds; the table has the medians (default 3)")
    repeat = parser.parse_args().repeat
    console, took = Console(highlight=False), dict[tuple[str, str], list[float]]()
    for _ in range(repeat):
        for engine, network in NETWORKS.items():
            settings = {**SETTINGS, "target": f"tests.benchmarks.networks.{network}"}
            for kind in ("plain", "dropout-lab"):
                with tempfile.TemporaryDirectory() as there:
                    folder, started = Path(there), time.perf_counter()
                    if kind == "plain":
                        plain(settings, folder)
                    else:
                        dropout_lab(settings, folder, folder / "cache")
                    spent = time.perf_counter() - started
                took.setdefault((engine, kind), []).append(spent)
                console.print(f"{engine}: {kind} {spent:.1f} s, load {os.getloadavg()[0]:.1f}")
    table = Table("engine", "plain", "dropout-lab", "times as fast")
    for engine in NETWORKS:
        ours, other = (statistics.median(took[engine, kind]) for kind in ("dropout-lab", "plain"))
        table.add_row(engine, f"{other:.1f} s", f"{ours:.1f} s", f"{other / ours:.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
