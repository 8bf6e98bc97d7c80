"""A training step of networks for sequences: of a cohort, eager and compiled, beside a plain loop with torch's own.

    python -m tests.benchmarks.sequences [--networks NAME ...] [--lanes N ...]

Prints the processor's time of a step per run, on one thread, and how many times as fast as the plain loop's step that
is. Both learn classes of random tokens from batches in memory, with Adam and dropout at the same places.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from dropout_lab.cohort.compilation.choice import prepare
from dropout_lab.cohort.optim import Adam
from dropout_lab.cohort.recipe import Compile, Recipe, Structure
from dropout_lab.cohort.width import Widths
from dropout_lab.core.tokens import SPECIAL_TOKENS
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.dropout.standard import Standard
from dropout_lab.models.rnn import RNN
from dropout_lab.models.transformer import Transformer

STEPS, BATCH, WORDS, CLASSES = 32, 32, 1000, 6
WIDTH, DEPTH, HEADS, FFN = 32, 2, 4, 128
RATE, LR = 0.1, 1e-3
EPOCHS = 15


class PlainTransformer(nn.Module):
    """As one would write it; without padding, for which torch.nn.TransformerEncoder would take a slower way."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, WIDTH)
        self.position = nn.Parameter(torch.randn(STEPS, WIDTH))
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, FFN, RATE, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, DEPTH, nn.LayerNorm(WIDTH), enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.layers(self.embedding(x) + self.position).mean(1))
        return y


class PlainLSTM(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.lstm = nn.Embedding(WORDS, WIDTH), nn.LSTM(WIDTH, WIDTH, batch_first=True)
        self.dropout, self.head = nn.Dropout(RATE), nn.Linear(WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.lstm(self.dropout(self.embedding(x)))[0][:, -1]
        y: Tensor = self.head(self.dropout(hidden))
        return y


class Network(NamedTuple):
    ours: Callable[[], nn.Module]
    sites: Sequence[str]
    """That drop, as in the plain network."""
    plain: Callable[[], nn.Module]


NETWORKS = {
    "transformer": Network(
        lambda: Transformer(
            input_shape=(STEPS,), outputs=CLASSES, vocabulary=WORDS, width=WIDTH, depth=DEPTH, heads=HEADS, ffn=FFN
        ),
        [f"{name}.{layer}" for layer in range(DEPTH) for name in ("attention", "attention_out", "ffn_act", "ffn_out")],
        PlainTransformer,
    ),
    "lstm": Network(
        lambda: RNN(input_shape=(STEPS,), outputs=CLASSES, vocabulary=WORDS, width=WIDTH, embedding=WIDTH),
        ["input", "output"],
        PlainLSTM,
    ),
}


def dataset() -> Dataset:
    """1024 examples to train on, without padding."""
    drawn = torch.Generator().manual_seed(0)
    inputs = torch.randint(2, WORDS, (1600, STEPS), generator=drawn)
    targets = torch.randint(CLASSES, (1600,), generator=drawn)
    words = (*SPECIAL_TOKENS, *map(str, range(2, WORDS)))
    test = torch.arange(320)
    return Dataset(
        "random", "classification", inputs, targets, test, CLASSES, standardize="none", vocabulary=words, limit=1024
    )


def cohort(network: Network, lanes: int, compile: Compile) -> float:
    """Seconds of a step per run, the median over epochs."""
    structure = Structure(network.ours, dataset(), dict.fromkeys(network.sites, Standard()), BATCH, Adam(lr=LR))
    made, _ = prepare(structure, Widths.fixed(lanes), compile, lanes, EPOCHS, torch.device("cpu"))
    for lane in range(lanes):
        rates = dict.fromkeys(network.sites, RATE)
        made.load(lane, Recipe(str(lane), lane % 4, rates, lambda progress: 1.0, Adam(lr=LR), EPOCHS, None))
    steps = []
    for _ in range(EPOCHS if compile == "always" else 3):
        started = time.process_time()
        made.train_epoch()
        steps.append((time.process_time() - started) / made.batches.steps / lanes)
    return statistics.median(steps)


def plain(network: Network) -> float:
    """Seconds of a step, the median over epochs."""
    model, data = network.plain().train(), dataset()
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    split = data.split(0)
    inputs, steps = data.inputs[split.train], []
    for _ in range(EPOCHS):
        started = time.process_time()
        batches = torch.randperm(len(inputs)).split(BATCH)
        for rows in batches:
            optimizer.zero_grad()
            F.cross_entropy(model(inputs[rows]), split.train_targets[rows]).backward()
            optimizer.step()
        steps.append((time.process_time() - started) / len(batches))
    return statistics.median(steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--lanes", type=int, nargs="+", default=[4, 8, 16])
    given = parser.parse_args()
    torch.set_num_threads(1)  # then the time that the processor works is that which passes when nobody else does
    console = Console(highlight=False)
    table = Table("network", "lanes", "plain step", "eager, per run", "compiled, per run")
    for name in given.networks:
        network = NETWORKS[name]
        for lanes in given.lanes:
            before = plain(network)
            found = {compile: cohort(network, lanes, compile) for compile in ("never", "always")}
            usual = statistics.median([before, plain(network)])
            ours = [f"{seconds * 1e3:.2f} ms, {usual / seconds:.1f} x" for seconds in found.values()]
            row = name, str(lanes), f"{usual * 1e3:.2f} ms", *ours
            table.add_row(*row)
            console.print(", ".join(row), f"(load {os.getloadavg()[0]:.1f})")
    console.print(table)
    console.print(f"one thread, batches of {BATCH} x {STEPS} tokens; x: times as fast as plain")


if __name__ == "__main__":
    main()
