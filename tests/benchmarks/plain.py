"""The sweep as people write it: one network at a time, a DataLoader, Optuna asks for the next configuration.

    python -m tests.benchmarks.plain SETTINGS.json JOURNAL

Several processes that are given the same journal share the work. It measures what dropout-lab measures, every epoch:
validation loss and accuracy, and both on as much of the training data.
"""

import itertools
import json
import sys
from math import prod
from pathlib import Path
from typing import Any

import optuna
import torch
import torch.nn.functional as F
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from dropout_lab.config.targets import find
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.digits import digits
from dropout_lab.datasets.synthetic import synthetic

SITES = {
    "mlp": ("input", "hidden"),
    "cnn": ("input", "conv", "pool", "hidden"),
    "rnn": ("input", "output"),
    "transformer": ("custom",),
    "own": ("everywhere",),
}
"""Of each model; placements of several of them are `everywhere` and `nonrecurrent`."""
DATASETS = {"digits": digits, "synthetic": synthetic}


def mlp(inputs: int, hidden: list[int], outputs: int, rates: dict[str, float]) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Flatten(), nn.Dropout(rates["input"])]
    for size in hidden:
        layers += [nn.Linear(inputs, size), nn.ReLU(), nn.Dropout(rates["hidden"])]
        inputs = size
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


def cnn(
    channels: list[int], hidden: list[int], shape: tuple[int, ...], outputs: int, rates: dict[str, float]
) -> nn.Module:
    """Of images, each block a convolution and a pooling, as `model=cnn` has them."""
    inputs, height, width = shape
    layers: list[nn.Module] = [nn.Dropout(rates["input"])]
    for size in channels:
        layers += [nn.Conv2d(inputs, size, 3, padding=1), nn.ReLU(), nn.Dropout(rates["conv"])]
        layers += [nn.MaxPool2d(2), nn.Dropout(rates["pool"])]
        inputs, height, width = size, height // 2, width // 2
    return nn.Sequential(*layers, *mlp(inputs * height * width, hidden, outputs, {**rates, "input": 0.0}))


class LSTM(nn.Module):
    """Of images, row by row, as `model=rnn` has it."""

    def __init__(self, features: int, width: int, outputs: int, rates: dict[str, float]) -> None:
        super().__init__()
        self.before, self.behind = nn.Dropout(rates["input"]), nn.Dropout(rates["output"])
        self.lstm, self.head = nn.LSTM(features, width, batch_first=True), nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        steps, _ = self.lstm(self.before(x.squeeze(1)))
        y: Tensor = self.head(self.behind(steps[:, -1]))
        return y


class Transformer(nn.Module):
    """Of images as square patches, two layers of four heads, as `model=transformer` has it."""

    def __init__(self, side: int, width: int, patch: int, outputs: int, rate: float) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, width, patch, stride=patch)
        self.position = nn.Parameter(torch.randn((side // patch) ** 2, width))
        layer = nn.TransformerEncoderLayer(width, 4, 4 * width, rate, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, nn.LayerNorm(width), enable_nested_tensor=False)
        self.head = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.layers(self.patches(x).flatten(2).mT + self.position).mean(1))
        return y


def built(settings: dict[str, Any], shape: tuple[int, ...], outputs: int, rates: dict[str, float]) -> nn.Module:
    match settings.get("model", "mlp"):
        case "cnn":
            return cnn(settings["channels"], settings["hidden"], shape, outputs, rates)
        case "own":
            network: nn.Module = find(settings["target"])(num_classes=outputs, p=rates["everywhere"])
            return network
        case "rnn":
            return LSTM(shape[-1], settings["width"], outputs, rates)
        case "transformer":
            return Transformer(shape[-1], settings["width"], settings["patch"], outputs, rates["custom"])
        case _:
            return mlp(prod(shape), settings["hidden"], outputs, rates)


def train(dataset: Dataset, settings: dict[str, Any], rates: dict[str, float], seed: int) -> float:
    """The best validation loss."""
    torch.manual_seed(seed)
    split = dataset.split(seed)
    inputs = (dataset.inputs - split.mean) / split.std
    model = built(settings, dataset.input_shape, dataset.outputs, rates)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings["lr"])
    data = TensorDataset(inputs[split.train], split.train_targets)
    loader = DataLoader(data, batch_size=settings["batch_size"], shuffle=True, drop_last=True)
    size, best, curves = len(split.val), float("inf"), []
    for _ in range(settings["epochs"]):
        model.train()
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            row = []
            for part, targets in ((split.train[:size], split.train_targets[:size]), (split.val, split.val_targets)):
                output = model(inputs[part])
                row += [F.cross_entropy(output, targets).item(), (output.argmax(1) == targets).float().mean().item()]
        curves.append(row)
        best = min(best, row[2])
    return best


def main(settings_file: str, journal: str) -> None:
    settings = json.loads(Path(settings_file).read_text())
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    dataset = DATASETS[settings["dataset"]](**settings["dataset_arguments"])
    space = {"placement": settings["placements"], "rate": settings["rates"], "seed": list(range(settings["seeds"]))}
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(journal)),
        study_name="plain",
        load_if_exists=True,
        sampler=optuna.samplers.GridSampler(space, seed=0),
    )

    def objective(trial: optuna.Trial) -> float:
        placement = trial.suggest_categorical("placement", space["placement"])
        rate, seed = trial.suggest_categorical("rate", space["rate"]), trial.suggest_categorical("seed", space["seed"])
        several = ("everywhere", "nonrecurrent")
        sites = SITES[settings.get("model", "mlp")]
        rates = {site: float(rate) if placement in (site, *several) else 0.0 for site in sites}
        return train(dataset, settings, rates, int(seed))

    runs = len(list(itertools.product(*space.values())))
    study.optimize(objective, callbacks=[MaxTrialsCallback(runs, states=(TrialState.COMPLETE,))])


if __name__ == "__main__":
    main(*sys.argv[1:])
