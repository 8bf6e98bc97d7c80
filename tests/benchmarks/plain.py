"""The sweep as people write it: one network at a time, a DataLoader, Optuna asks for the next configuration.

    python -m tests.benchmarks.plain SETTINGS.json JOURNAL

Several processes that are given the same journal share the work. It measures what dropout-lab measures, every epoch:
validation loss and accuracy, and both on as much of the training data.
"""

import itertools
import json
import sys
from pathlib import Path
from typing import Any

import optuna
import torch
import torch.nn.functional as F
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.digits import digits
from dropout_lab.datasets.synthetic import synthetic

SITES = ("input", "conv", "pool", "hidden")
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


def train(dataset: Dataset, settings: dict[str, Any], rates: dict[str, float], seed: int) -> float:
    """The best validation loss."""
    torch.manual_seed(seed)
    split = dataset.split(seed)
    inputs = (dataset.inputs - split.mean) / split.std
    if channels := settings.get("channels"):
        model = cnn(channels, settings["hidden"], dataset.input_shape, dataset.outputs, rates)
    else:
        model = mlp(inputs[0].numel(), settings["hidden"], dataset.outputs, rates)
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
        rates = {site: float(rate) if placement in (site, "everywhere") else 0.0 for site in SITES}
        return train(dataset, settings, rates, int(seed))

    runs = len(list(itertools.product(*space.values())))
    study.optimize(objective, callbacks=[MaxTrialsCallback(runs, states=(TrialState.COMPLETE,))])


if __name__ == "__main__":
    main(*sys.argv[1:])
