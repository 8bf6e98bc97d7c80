"""The combinations of the axes' values: all with all, zipped axes value by value, united grids one by one."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from optuna.distributions import CategoricalDistribution

from dropout_lab.config.roles import is_unlisted
from dropout_lab.core.errors import UserError
from dropout_lab.sweeper.space import Axis, distinct, param

MOST_CELLS = 100_000
"""The most configurations of a grid: each is described before the first is trained."""

Grid = Mapping[str, Any]
"""Key -> its values: a list, or a single value."""


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
        Axis(key, CategoricalDistribution([param(value) for value in kept]), kept, is_new=is_unlisted(key))
        for key, given in values.items()
        for kept in [distinct(given)]
    ]


def combinations(
    axes: Sequence[Axis], zips: Sequence[Sequence[str]] = (), grids: Sequence[Grid] = ()
) -> Iterator[dict[str, Any]]:
    """Every combination of the axes' values, the last axis fastest.

    The axes of a zip go together, value by value, in the grids that have all of them. The keys of `grids` are combined
    within each grid; a combination has the keys of its own grid alone, and those that no grid has.

    Raises UserError for an interval, and for a zip of unequal or unknown axes.
    """
    for axis in axes:
        if axis.values is None:
            low, high = (int(end) if float(end).is_integer() else end for end in axis.low_high or (0, 0))
            # Hydra reads an interval's ends as floats, which a key of whole numbers takes neither listed nor drawn.
            is_whole = isinstance(low, int) and isinstance(high, int) and high > 1
            whole = f"; for whole numbers beside it {axis.key}=int(interval({low},{high}))" if is_whole else ""
            raise UserError(
                f"{axis.key}: a continuous range has no grid; give its values, e.g. {axis.key}={low},{high}, "
                f"or choose a sampler: sampler=random n_trials=50 (also tpe, cmaes, qmc, gp, nsgaii){whole}"
            )
    united = {key for grid in grids for key in grid}
    outside = {axis.key: list(axis.repeated or axis.values or ()) for axis in axes if axis.key not in united}
    listed = [{**_lists(grid), **outside} for grid in grids] or [outside]
    _check_zips(zips, listed)
    for lists in listed:
        parts = _zipped(lists, [keys for keys in zips if all(key in lists for key in keys)])
        cells = math.prod(map(len, parts))
        if cells > MOST_CELLS:
            raise UserError(
                f"{', '.join(lists)}: a grid of {cells} configurations; at most {MOST_CELLS}, so give fewer values, or "
                "choose a sampler: sampler=tpe n_trials=50"
            )
        for combination in itertools.product(*parts):
            yield {key: value for part in combination for key, value in part.items()}


def _lists(grid: Grid) -> dict[str, list[Any]]:
    return {key: given if isinstance(given, list) else [given] for key, given in grid.items()}


def _check_zips(zips: Sequence[Sequence[str]], grids: Sequence[Mapping[str, list[Any]]]) -> None:
    """Raises UserError for a key in two zips, and for a zip whose keys no grid has together."""
    seen: set[str] = set()
    for keys in zips:
        if not any(all(key in grid for key in keys) for grid in grids):
            swept = list(dict.fromkeys(key for grid in grids for key in grid))
            missing = next((key for key in keys if key not in swept), None)
            not_swept = f"{missing} is not swept; {', '.join(swept) or 'nothing'} is"
            raise UserError(f"{_zip(keys)}: {not_swept if missing else 'no grid has all of them'}")
        if twice := next((key for key in keys if key in seen), None):
            raise UserError(f"{_zip(keys)}: {twice} is in two zips")
        seen |= set(keys)


def _zip(keys: Sequence[str]) -> str:
    return f"zip=[{','.join(keys)}]"


def _zipped(listed: Mapping[str, list[Any]], zips: Sequence[Sequence[str]]) -> list[list[dict[str, Any]]]:
    """The settings to combine: a list for each key, and one list for each zip, in the place of its first key."""
    zip_of: dict[str, Sequence[str]] = {}
    for keys in zips:
        zip_of |= dict.fromkeys(keys, keys)
        lengths = [len(listed[key]) for key in keys]
        if len(set(lengths)) > 1:
            sizes = ", ".join(f"{key} {length}" for key, length in zip(keys, lengths, strict=True))
            raise UserError(f"{_zip(keys)}: must have as many values each, but have {sizes}")
    parts: list[list[dict[str, Any]]] = []
    for key, values in listed.items():
        keys = zip_of.get(key, [key])
        if key == next(name for name in listed if name in keys):
            columns = zip(*(listed[name] for name in keys), strict=True) if len(keys) > 1 else ((v,) for v in values)
            parts.append(distinct([dict(zip(keys, row, strict=True)) for row in columns]))
    return parts
