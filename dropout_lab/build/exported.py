"""A trained network as its author's class has it: loaded strictly, measured, and what its user must know."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dropout_lab.adoption.adopt import answer
from dropout_lab.build.builder import Builder
from dropout_lab.build.network import constructed
from dropout_lab.cohort.example_losses import losses
from dropout_lab.cohort.passes import inputs_of
from dropout_lab.cohort.recipe import Structure
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import WEIGHTS, Config
from dropout_lab.datasets.class_weights import example_weights
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.split import Split, mean_std
from dropout_lab.models.layers import carried_buffers

CHUNK = 256
"""Test examples that are answered at once."""


@dataclass(frozen=True)
class Exported:
    """What the author's class says with a trained network's tensors."""

    test_loss: float | None
    """In evaluation mode, on the test set; None where a network carries a state from batch to batch."""
    notes: Mapping[str, str]
    """How inputs are read and outputs are meant, as JSON by name: for a file's metadata."""


def exported(builder: Builder, spec: Config, seed: int, tensors: Mapping[str, Tensor]) -> Exported:
    """The author's class with these tensors, by `load_state_dict(strict=True)`.

    spec: the structure of the run. Raises UserError if the class does not take them.
    """
    structure = builder.structure(spec)
    split = structure.split(seed)
    with torch.random.fork_rng(devices=[]):
        model = {name: value for name, value in spec["model"].items() if name != WEIGHTS}
        network = constructed(model, structure.dataset)
    try:
        network.load_state_dict(dict(tensors), strict=True)
    except RuntimeError as error:
        raise UserError(f"{model['_target_']} does not load the weights: {error}") from error
    measured = None if carried_buffers(network) else _test_loss(network.eval(), structure, split)
    return Exported(measured, _notes(structure.dataset, split))


@torch.no_grad()
def _test_loss(network: nn.Module, structure: Structure, split: Split) -> float:
    dataset, total = structure.dataset, 0.0
    given = {"inputs": dataset.inputs, **{name: value.unsqueeze(0) for name, value in split.reading().items()}}
    weights = None if split.class_weights is None else example_weights(split.class_weights, split.test_targets)
    for start in range(0, len(dataset.test), CHUNK):
        x = inputs_of(dataset.test[start : start + CHUNK].unsqueeze(0), given)[0]
        y = split.test_targets[start : start + CHUNK]
        each = losses(answer(network(x)).float(), y, dataset.task).double()
        total += float((each if weights is None else each * weights[start : start + CHUNK]).sum())
    return total / len(dataset.test)


def _notes(dataset: Dataset, split: Split) -> dict[str, str]:
    found: dict[str, object] = {}
    if split.known is None:
        found |= {"input_mean": split.mean.tolist(), "input_std": split.std.tolist()}
    else:
        found |= {"vocabulary": list(dataset.vocabulary), "token_read_as": split.known.tolist()}
    if dataset.task == "regression":
        center, scale = mean_std(dataset.targets[split.train], dims=(0,))
        found |= {"target_mean": center.tolist(), "target_std": scale.tolist()}
    if dataset.class_names:
        names = {"regression": "outputs", "multilabel": "labels"}.get(dataset.task, "classes")
        found[names] = list(dataset.class_names)
    return {name: json.dumps(value) for name, value in found.items()}
