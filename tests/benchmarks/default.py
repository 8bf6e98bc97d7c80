"""The default sweep, first on a machine and again: whole processes, in an empty folder each, with what each phase took.

    python -m tests.benchmarks.default [--repeat N]

`cold` begins with an empty cache of compiled programs, `warm` with what that left. Phases are told by what the sweep
prints; processor time is of the process and all that it waited for.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PHASES = {"runs to train": "imports, plan and data", "lanes, ": "programs", "lanes were in use": "training"}
"""Words that a sweep prints, and the phase that has ended when they come."""


def sweep(folder: Path, cache: Path) -> None:
    folder.mkdir(parents=True)
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONUNBUFFERED": "1"}
    before, started = os.times(), time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "dropout_lab", "sweep"], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    last, chosen = started, ""
    for line in process.stdout:
        for words, phase in PHASES.items():
            if words in line:
                now = time.perf_counter()
                print(f"  {phase}: {now - last:.1f} s")
                last = now
        if " lanes, " in line:
            chosen = line.strip()
    assert process.wait() == 0
    ended, after = time.perf_counter(), os.times()
    worked = after.children_user + after.children_system - before.children_user - before.children_system
    print(f"  report: {ended - last:.1f} s")
    print(
        f"  in all: {ended - started:.1f} s, {worked:.1f} s of processor time, load {os.getloadavg()[0]:.1f}; {chosen}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=1, help="rounds of a cold and a warm sweep (default 1)")
    for number in range(parser.parse_args().repeat):
        with tempfile.TemporaryDirectory() as there:
            for kind in ("cold", "warm"):
                print(f"{kind}, round {number + 1}", flush=True)
                sweep(Path(there) / kind, Path(there) / "cache")


if __name__ == "__main__":
    main()
