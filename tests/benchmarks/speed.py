"""dropout-lab beside a plain PyTorch loop under Optuna: the same sweep, whole processes, in turn, on this machine.

    python -m tests.benchmarks.speed [--only NAME ...] [--repeat N]

Prints a table of ratios, with the machine's own float32 matmul rate and load. `cold` is a first sweep with an empty
cache of compiled programs, `warm` another one. The plain loop runs in as many processes as there are cores, one thread
each.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

DIGITS: dict[str, Any] = {"dataset": "digits", "dataset_arguments": {}, "placements": ["input", "hidden", "everywhere"]}
DIGITS |= {"rates": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], "seeds": 10, "epochs": 30, "lr": 0.001}
LARGE = {"examples": 15625, "features": 784, "informative": 100, "classes": 10}
TRAIN = {"digits": 1150, "synthetic": 10000}
"""Training examples; a quarter as many are in the validation part."""
WORK: dict[str, dict[str, Any]] = {
    "mlp32": {**DIGITS, "hidden": [32, 32], "batch_size": 32},
    "mlp128": {**DIGITS, "hidden": [128, 128], "batch_size": 64},
    "mlp1024": {
        "dataset": "synthetic",
        "dataset_arguments": LARGE,
        "placements": ["hidden"],
        "rates": [0.2, 0.4, 0.5, 0.6],
        "seeds": 4,
        "epochs": 5,
        "lr": 0.001,
        "hidden": [1024, 1024],
        "batch_size": 128,
    },
    "cnn": {
        **DIGITS,
        "placements": ["input", "conv", "everywhere"],
        "seeds": 4,
        "epochs": 10,
        "model": "cnn",
        "channels": [16, 32],
        "hidden": [64],
        "batch_size": 64,
    },
    "lstm": {
        **DIGITS,
        "model": "rnn",
        "placements": ["input", "output", "nonrecurrent"],
        "seeds": 4,
        "epochs": 10,
        "width": 64,
        "batch_size": 64,
    },
    "transformer": {  # at the four places where torch.nn.TransformerEncoderLayer drops
        **DIGITS,
        "model": "transformer",
        "placements": ["custom"],
        "placement_words": ["placement.weights={attention.*:1.0,attention_out.*:1.0,ffn_act.*:1.0,ffn_out.*:1.0}"],
        "seeds": 4,
        "epochs": 10,
        "width": 32,
        "patch": 2,
        "batch_size": 64,
    },
}
ROOT = Path(__file__).resolve().parents[2]


def matmul_rate() -> float:
    """This machine's float32 rate on all cores, in FLOP/s."""
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    a @ b
    started = time.perf_counter()
    for _ in range(10):
        a @ b
    return 10 * 2 * 2048**3 / (time.perf_counter() - started)


def products(inputs: int, hidden: list[int], examples: int, *, training: bool) -> int:
    """FLOPs of an MLP's matrix products. Training has those of both gradients; the inputs' own is not needed."""
    sizes = [inputs, *hidden, 10]
    weights = [before * after for before, after in itertools.pairwise(sizes)]
    return examples * ((4 * weights[0] + 6 * sum(weights[1:])) if training else 2 * sum(weights))


def cnn_products(settings: dict[str, Any], examples: int, *, training: bool) -> int:
    """FLOPs of the products of a CNN on digits: of its convolutions of 3 x 3, and of what reads them."""
    side, inputs, total = 8, 1, 0
    for index, size in enumerate(settings["channels"]):
        forward = 2 * 9 * inputs * size * side * side
        total += examples * forward * ((2 if index == 0 else 3) if training else 1)
        side, inputs = side // 2, size
    first = inputs * side * side * settings["hidden"][0]
    rest = products(inputs * side * side, settings["hidden"], examples, training=training)
    return total + rest + (2 * examples * first if training else 0)


def lstm_products(settings: dict[str, Any], examples: int, *, training: bool) -> int:
    """FLOPs of the products of an LSTM that reads digits row by row: of the rows, of the state at every step, and the
    head's."""
    side, width = 8, int(settings["width"])
    rows, states, head = side * 4 * side * width, side * 4 * width * width, 10 * width
    return 2 * examples * ((2 * rows + 3 * (states + head)) if training else rows + states + head)


def transformer_products(settings: dict[str, Any], examples: int, *, training: bool) -> int:
    """FLOPs of the products of a transformer of two layers on patches of digits: of the projections, of the
    feed-forward layers, which are four times as wide, and of queries with keys and weights with values."""
    width, patch = int(settings["width"]), int(settings["patch"])
    steps = (8 // patch) ** 2
    layer = steps * (4 * width**2 + 8 * width**2) + 2 * steps**2 * width
    ends = steps * patch**2 * width + 10 * width
    return 2 * examples * (2 * layer + ends) * (3 if training else 1)


def all_products(settings: dict[str, Any], runs: int) -> int:
    """FLOPs of the products of a whole sweep."""
    inputs = settings["dataset_arguments"].get("features", 64)
    train = TRAIN[settings["dataset"]]
    whole = train - train % settings["batch_size"]
    others = {"cnn": cnn_products, "rnn": lstm_products, "transformer": transformer_products}
    if of_model := others.get(settings.get("model", "mlp")):
        epoch = of_model(settings, whole, training=True) + of_model(settings, train // 2, training=False)
    else:
        epoch = products(inputs, settings["hidden"], whole, training=True)
        epoch += products(inputs, settings["hidden"], train // 2, training=False)
    return runs * int(settings["epochs"]) * epoch


def plain(settings: dict[str, Any], folder: Path) -> None:
    (folder / "settings.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "tests.benchmarks.plain", str(folder / "settings.json"), str(folder / "journal")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    processes = [subprocess.Popen(command, env=environment, cwd=ROOT) for _ in range(os.cpu_count() or 1)]
    assert all(process.wait() == 0 for process in processes)


def dropout_lab(settings: dict[str, Any], folder: Path, cache: Path, *words: str) -> None:
    def listed(values: list[Any]) -> str:
        return ",".join(map(str, values))

    command = [sys.executable, "-m", "dropout_lab", "sweep", f"dataset={settings['dataset']}", "baseline=false"]
    command += [f"dataset.{key}={value}" for key, value in settings["dataset_arguments"].items()]
    command += [f"placement={listed(settings['placements'])}", f"rate={listed(settings['rates'])}"]
    command += [f"seeds={settings['seeds']}", f"trainer.epochs={settings['epochs']}", f"optimizer.lr={settings['lr']}"]
    command += [f"trainer.batch_size={settings['batch_size']}", f"model={settings.get('model', 'mlp')}"]
    command += [f"model._target_={settings['target']}"] if "target" in settings else []
    command += [f"model.{key}={settings[key]}" for key in ("channels", "hidden", "width", "patch") if key in settings]
    command += settings.get("placement_words", [])
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "TORCHINDUCTOR_CACHE_DIR": str(cache / "torch")}
    environment["PYTHONPATH"] = str(ROOT)  # where a user's network is
    subprocess.run([*command, "name=speed", *words], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)


def one_round(settings: dict[str, Any], there: Path) -> Iterator[tuple[str, float]]:
    """Each kind of process once: its name, and the seconds from its start to its end."""
    kinds = {
        "plain": None,
        "cold": (),
        "compiling": ("trainer.compile=always",),  # what `cold` may have found not to be worth it
        "warm": (),
        "compiling bfloat16": ("trainer.compile=always", "trainer.precision=bfloat16"),
        "bfloat16": ("trainer.precision=bfloat16",),
    }
    for kind, words in kinds.items():
        folder = there / kind
        folder.mkdir()
        started = time.perf_counter()
        if words is None:
            plain(settings, folder)
        else:
            dropout_lab(settings, folder, there / "cache", *words)
        yield kind, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=WORK, default=list(WORK), help="which work")
    parser.add_argument("--repeat", type=int, default=3, help="rounds; the table has the medians (default 3)")
    given = parser.parse_args()
    console = Console(highlight=False)
    table = Table("work", "runs", "products alone", "plain", "cold", "warm", "bfloat16, warm")
    for name in given.only:
        settings = WORK[name]
        runs = len(settings["placements"]) * len(settings["rates"]) * settings["seeds"]
        took: dict[str, list[float]] = {}
        rates = []
        for _ in range(given.repeat):
            rates.append(matmul_rate())
            with tempfile.TemporaryDirectory() as there:
                for kind, spent in one_round(settings, Path(there)):
                    took.setdefault(kind, []).append(spent)
                    console.print(f"{name}: {kind} {spent:.1f} s, load {os.getloadavg()[0]:.1f}")
        median = {kind: statistics.median(seconds) for kind, seconds in took.items()}
        ratios = [
            f"{median[kind]:.1f} s, {median['plain'] / median[kind]:.1f} x" for kind in ("cold", "warm", "bfloat16")
        ]
        rate = statistics.median(rates)
        alone = f"{all_products(settings, runs) / rate:.1f} s at {rate / 1e9:.0f} GFLOP/s"
        table.add_row(name, str(runs), alone, f"{median['plain']:.1f} s", *ratios)
    console.print(table)
    console.print(
        f"medians of {given.repeat} rounds; x: times as fast as plain; products alone: the float32 matrix products of "
        f"the sweep at this machine's own rate, on {torch.get_num_threads()} threads"
    )


if __name__ == "__main__":
    main()
