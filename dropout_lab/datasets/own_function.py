"""The data set of a `dataset` section: of this package, or what a function of the user's returns."""

import inspect
from typing import Any

from dropout_lab.config.instantiate import instantiate, named_arguments
from dropout_lab.config.kinds import Kind
from dropout_lab.config.trust import is_ours
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import Config
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.from_arrays import from_arrays
from dropout_lab.datasets.held import arrays_of

DEFAULTS = {
    name: parameter.default
    for name, parameter in inspect.signature(from_arrays).parameters.items()
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY
}
"""The keys that decide what is made of arrays. A function that names one in its signature is given it instead."""


def dataset_of(section: Config) -> Dataset:
    """The data set that a section describes. A function that is not of this package may return a Dataset, or what
    `held.arrays_of` reads. Raises UserError for anything else."""
    target = str(section.get("_target_"))
    if is_ours(target) or "_target_" not in section:
        ours: Dataset = instantiate("dataset", section)
        return ours
    named = named_arguments(section)
    kept = {key: value for key, value in section.items() if key in DEFAULTS and key not in named}
    returned = instantiate("dataset", {key: value for key, value in section.items() if key not in kept})
    if not isinstance(returned, Dataset):
        return _of_returned(returned, target, kept)
    for key, value in kept.items():
        if value != DEFAULTS[key]:
            raise UserError(
                f"dataset.{key}={value}: {target} returns a Dataset, which has decided that; the function must take the"
                f" argument {key}"
            )
    return returned


def _of_returned(returned: Any, target: str, kept: Config) -> Dataset:
    given = arrays_of(returned, target, name=target.rpartition(".")[2])
    _check(kept)
    return from_arrays(given, **kept)


def _check(kept: Config) -> None:
    hints = inspect.get_annotations(from_arrays)
    for key, value in kept.items():
        Kind(hints[key]).check(f"dataset.{key}", value)
