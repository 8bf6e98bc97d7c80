"""A training in two phases: the first on some of a dataset's classes, the second on the others."""

from collections.abc import Sequence
from dataclasses import replace

from dropout_lab.adoption.recorder import Seen
from dropout_lab.build.network import network
from dropout_lab.cohort.optim import Adam
from dropout_lab.cohort.recipe import Pretraining, Structure
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import Config
from dropout_lab.datasets.dataset import Dataset

LEARNING_RATE = 1e-3
"""Adam's default. The config's optimizer belongs to the second phase: sweeping it must not change what the networks
know when that phase begins."""


def phases(whole: Dataset, classes: Sequence[int]) -> tuple[Dataset, Dataset]:
    """The datasets of both phases: all examples of `classes`, without label noise, and the examples of the others."""
    if whole.groups is not None and whole.validation is None:
        raise UserError(
            f"trainer.pretrain_classes and dataset.group={whole.group_name}: the first phase would train on examples of"
            " groups that validate in the second; leave out one of them"
        )
    others = [number for number in range(whole.outputs) if number not in classes]
    return replace(whole, limit=None, label_noise=0.0).of_classes(classes), whole.of_classes(others)


def pretraining(model: Config, dataset: Dataset, batch_size: int, epochs: int, found: Seen | None) -> Pretraining:
    """The first phase of a `model` section, on its own dataset. found: see `network`."""
    structure = Structure(
        build=lambda: network(model, dataset, found),
        dataset=dataset,
        dropout={},
        batch_size=batch_size,
        optimizer=Adam(lr=LEARNING_RATE),
    )
    return Pretraining(structure, epochs)
