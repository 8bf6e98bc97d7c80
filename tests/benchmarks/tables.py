"""How long `dropout-lab data` takes for large tables, whole process: `python -m tests.benchmarks.tables`.

A table of 100,000 rows x 100 columns (numbers, categories, whole numbers, amounts of money) and one of 1,000 rows x
5,000 columns of numbers.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd


def tall(rows: int = 100_000) -> pd.DataFrame:
    drawn = np.random.default_rng(0)
    numbers = {f"number{i}": drawn.normal(size=rows).round(4) for i in range(80)}
    words = {f"colour{i}": drawn.choice(["red", "green", "blue", "light grey"], rows) for i in range(10)}
    counts = {f"count{i}": drawn.integers(0, 1000, rows) for i in range(5)}
    prices = {f"price{i}": [f"${one:.2f}" for one in drawn.uniform(0, 900, rows)] for i in range(4)}
    return pd.DataFrame({**numbers, **words, **counts, **prices, "label": drawn.choice(["no", "yes"], rows)})


def wide(columns: int = 5_000) -> pd.DataFrame:
    drawn = np.random.default_rng(0)
    numbers = {f"gene{i}": drawn.normal(size=1000).round(4) for i in range(columns - 1)}
    return pd.DataFrame({**numbers, "label": drawn.choice(["no", "yes"], 1000)})


def main() -> None:
    """Print seconds, processor seconds and memory of both."""
    with tempfile.TemporaryDirectory() as folder:
        for make in (tall, wide):
            path = Path(folder) / f"{make.__name__}.csv"
            make().to_csv(path, index=False)
            before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            command = [sys.executable, "-m", "dropout_lab", "data", "dataset=table", f"dataset.path={path}"]
            subprocess.run([*command, "dataset.target=label"], check=True, stdout=subprocess.DEVNULL)
            after, took = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(f"{make.__name__}: {took:.1f} s, {used:.1f} s of processor time, {after.ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    main()
