"""What a report says of the data and the network: names, numbers, and what a seed changes about the initial weights."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from dropout_lab.build.builder import Builder
from dropout_lab.build.description import own_rate
from dropout_lab.build.network import network
from dropout_lab.core.trial import WEIGHTS, Config
from dropout_lab.datasets.division_told import left_out

NAMED = 1000
"""More classes than this are known by their numbers."""


def scope(builder: Builder, config: Config) -> Mapping[str, Any]:
    """Names, numbers of examples and of parameters; and `drawn`, how many of these a seed draws.

    Those that it does not are from the file of `model.weights`, from a file that the constructor reads, or constants.
    """
    dataset = builder.dataset(config["dataset"])
    split = dataset.split(0)
    models = []
    with torch.random.fork_rng(devices=[]):
        for seed in range(2):
            torch.manual_seed(seed)
            models.append(network(config["model"], dataset))
    return {
        "dataset": dataset.name,
        "examples": "pieces of text" if dataset.is_stream else "examples",
        "train": len(split.train),
        "validation": dataset.most_validation,
        "test": len(dataset.test),
        "classes": [str(name) for name in dataset.class_names] if len(dataset.class_names) <= NAMED else [],
        "one_validation_part": dataset.validation is not None,
        "fixed": dataset.division,
        "folds": dataset.folds,
        "uneven": bool(left_out(dataset)),
        "groups": dataset.group_name if dataset.groups is not None else None,
        "network": type(models[0]).__name__,
        "own_rate": own_rate(builder, config),
        "parameters": sum(parameter.numel() for parameter in models[0].parameters()),
        "drawn": _drawn(*models),
        "weights": config["model"].get(WEIGHTS, {}).get("path"),
    }


def _drawn(one: nn.Module, other: nn.Module) -> int:
    """How many parameters belong to tensors that differ between two seeds."""
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return sum(ours.numel() for ours, theirs in pairs if not torch.equal(ours, theirs))
