"""What cannot be compared in one sweep, and why."""

from collections.abc import Iterable, Sequence

from dropout_lab.build.builder import Builder
from dropout_lab.core.errors import UserError
from dropout_lab.core.metrics.lookup import objectives as known_objectives
from dropout_lab.core.metrics.on_request import ON_REQUEST
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
    check_metrics(dataset, spec.get("metrics", ()))
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
            f"objective={missing[0]}: {dataset.name} is a {dataset.task.replace('_', ' ')}, which does not have it;"
            f" allowed: {', '.join(allowed)}"
        )


def check_metrics(dataset: Dataset, names: Sequence[str]) -> None:
    """Raises UserError for a metric on request that the data do not have."""
    allowed = [
        name for name, one in ON_REQUEST.items() if dataset.task in one.tasks and dataset.outputs >= one.least_outputs
    ]
    for name in names:
        if name in allowed:
            continue
        needed = ON_REQUEST[name].least_outputs
        why = (
            f"it is 1 for any network on {dataset.outputs} classes; it needs {needed}"
            if dataset.task in ON_REQUEST[name].tasks
            else f"{dataset.name} is a {dataset.task.replace('_', ' ')}, which does not have it"
        )
        raise UserError(f"metric={name}: {why}; allowed: {', '.join(allowed) or 'none'}")


def check_axes(dataset: Dataset, keys: Iterable[str]) -> None:
    """Raises UserError for swept keys under which losses cannot be compared on these data."""
    for key in keys:
        if dataset.predicts_tokens and key in VOCABULARY_KEYS:
            raise UserError(
                f"{key}: cannot be swept with a text whose tokens are predicted, for the fewer are known, the lower is"
                " the loss; give it one value"
            )
