"""What cannot be compared in one sweep, and why."""

from collections.abc import Iterable, Sequence

from dropout_lab.build.builder import Builder
from dropout_lab.core.errors import UserError
from dropout_lab.core.metrics.lookup import objectives as known_objectives
from dropout_lab.core.trial import Config
from dropout_lab.datasets.dataset import Dataset

VOCABULARY_KEYS = ("dataset.vocabulary_size", "dataset.min_count")
SEEDS_TRIED = 5
"""How many seeds' splits are made before training."""


def check_sweep(builder: Builder, spec: Config, seeds: int, objectives: Sequence[str], keys: Iterable[str]) -> None:
    """Raises UserError for seeds, objectives or swept keys that make no sense for a structure's data."""
    check_seeds(builder, spec, seeds)
    dataset = builder.dataset(spec["dataset"])
    check_objectives(dataset, objectives)
    check_axes(dataset, keys)


def check_seeds(builder: Builder, spec: Config, seeds: int) -> None:
    """Make the first seeds' splits, so that data that cannot be split are refused before training.

    Whether a split is possible depends on the sizes of the parts, which all seeds share.
    """
    structure = builder.structure(spec)
    for seed in range(min(seeds, SEEDS_TRIED)):
        structure.split(seed)


def check_objectives(dataset: Dataset, objectives: Sequence[str]) -> None:
    """Raises UserError for an objective that the data do not have."""
    allowed = [name for name, metric in known_objectives().items() if dataset.task in metric.tasks]
    missing = [name for name in objectives if name not in allowed]
    if missing:
        raise UserError(
            f"objective={missing[0]}: {dataset.name} is a regression, which has no accuracy; allowed:"
            f" {', '.join(allowed)}"
        )


def check_axes(dataset: Dataset, keys: Iterable[str]) -> None:
    """Raises UserError for swept keys under which losses cannot be compared on these data."""
    for key in keys:
        if dataset.predicts_tokens and key in VOCABULARY_KEYS:
            raise UserError(
                f"{key}: cannot be swept with a text whose tokens are predicted, for the fewer are known, the lower is"
                " the loss; give it one value"
            )
