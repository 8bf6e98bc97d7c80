"""Which of the axes' values are combined: all with all, zipped ones value by value, united grids each by itself."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from optuna.distributions import CategoricalDistribution

from dropout_lab.errors import UserError
from dropout_lab.sweep.space import BY_SITE, Axis, distinct, param

Grid = Mapping[str, Any]
"""Key -> its values; what is no list is one value."""


def axes_of(grids: Sequence[Grid], swept: Sequence[Axis]) -> list[Axis]:
    """An axis per key of `grids`, with its values in all of them. Raises UserError for a key that is swept besides."""
    values: dict[str, list[Any]] = {}
    for grid in grids:
        for key, given in _lists(grid).items():
            values.setdefault(key, []).extend(given)
    for axis in swept:
        if axis.key in values:
            raise UserError(f"{axis.key}: swept twice, in grids and outside of them; give all its values in grids")
    return [
        Axis(key, CategoricalDistribution([param(value) for value in kept]), kept, key.split(".")[0] in BY_SITE)
        for key, given in values.items()
        for kept in [distinct(given)]
    ]


def combinations(
    axes: Sequence[Axis], zips: Sequence[Sequence[str]] = (), grids: Sequence[Grid] = ()
) -> Iterator[dict[str, Any]]:
    """Every combination of the axes' values, the last axis fastest.

    The axes of a zip go together, value by value. The keys of `grids` are combined within each grid; a combination has
    the keys of its own grid alone, and those that no grid has.

    Raises UserError for an interval, and for a zip of unequal or unknown axes.
    """
    for axis in axes:
        if axis.values is None:
            low, high = axis.low_high or (0, 0)
            raise UserError(
                f"{axis.key}: a continuous range has no grid; give its values, e.g. {axis.key}={low},{high}, "
                f"or choose a sampler: sampler=random n_trials=50 (also tpe, cmaes, qmc, gp, nsgaii)"
            )
    united = {key for grid in grids for key in grid}
    outside = {axis.key: list(axis.values or ()) for axis in axes if axis.key not in united}
    for grid in [_lists(grid) for grid in grids] or [{}]:
        for combination in itertools.product(*_zipped({**grid, **outside}, zips)):
            yield {key: value for part in combination for key, value in part.items()}


def _lists(grid: Grid) -> dict[str, list[Any]]:
    return {key: distinct(given if isinstance(given, list) else [given]) for key, given in grid.items()}


def _zipped(listed: Mapping[str, list[Any]], zips: Sequence[Sequence[str]]) -> list[list[dict[str, Any]]]:
    """The keys' values as lists of what they set, those of a zip as one list, in the place of its first key."""
    zip_of: dict[str, Sequence[str]] = {}
    for keys in zips:
        told = f"zip=[{','.join(keys)}]"
        for key in keys:
            if key not in listed:
                raise UserError(f"{told}: {key} is not swept; {', '.join(listed) or 'nothing'} is")
            if key in zip_of:
                raise UserError(f"{told}: {key} is in two zips")
            zip_of[key] = keys
        lengths = [len(listed[key]) for key in keys]
        if len(set(lengths)) > 1:
            sizes = ", ".join(f"{key} {length}" for key, length in zip(keys, lengths, strict=True))
            raise UserError(f"{told}: must have as many different values each, but have {sizes}")
    parts: list[list[dict[str, Any]]] = []
    for key, values in listed.items():
        keys = zip_of.get(key, [key])
        if key == next(name for name in listed if name in keys):
            columns = zip(*(listed[name] for name in keys), strict=True) if len(keys) > 1 else ((v,) for v in values)
            parts.append([dict(zip(keys, row, strict=True)) for row in columns])
    return parts
