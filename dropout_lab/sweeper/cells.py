"""The configurations that a command names before anything is trained: a grid's cells, and the baselines."""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dropout_lab.config.roles import is_dropout
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import Config, Trial, digest
from dropout_lab.sites.info import Warned
from dropout_lab.sweeper.combinations import combinations
from dropout_lab.sweeper.plan import Plan
from dropout_lab.sweeper.space import Axis
from dropout_lab.sweeper.trainer_protocol import Described, Trainer

MOST_BASELINES = 12
"""The most combinations of the other listed values for which a sampler's sweep trains baselines."""

MOST_ENDS = 256
"""The most combinations of listed values that are checked before a sampler may suggest them."""


@dataclass(frozen=True)
class Cell:
    """A configuration and the axis values that name it."""

    described: Described
    values: Mapping[str, Any]

    @property
    def key(self) -> str:
        return self.described.trial.key

    @property
    def epochs(self) -> int:
        """The planned epochs of each of its runs."""
        return int(self.described.trial.config["trainer"]["epochs"])


@dataclass(frozen=True)
class Baseline:
    """A `Described` without dropout."""

    trial: Trial
    structure: Config
    structure_without: Config
    label: Mapping[str, Any]
    warnings: Sequence[Warned] = ()


def grid(plan: Plan, trainer: Trainer) -> list[Cell]:
    """Every distinct cell of the grid, baselines included, sorted so that the cells of one cohort are neighbours.

    Raises UserError for the first cell that cannot be trained.
    """
    found: dict[str, Cell] = {}
    for combination in combinations(plan.axes, plan.config["zip"], plan.config["grids"]):
        values = plan.compose.whole(combination)
        cell = Cell(describe(plan, trainer, values), values)
        if plan.config["baseline"]:
            baseline = Cell(_without_dropout(cell.described), _other_values(values))
            found.setdefault(baseline.key, baseline)
            as_it_is = _as_it_is(plan, trainer, values)
            if as_it_is is not None:
                found.setdefault(as_it_is.key, as_it_is)
        if not cell.described.trial.is_baseline:
            found.setdefault(cell.key, cell)
        else:
            found.setdefault(cell.key, Cell(_without_dropout(cell.described), _other_values(values)))
    structures = list(dict.fromkeys(digest(cell.described.structure) for cell in found.values()))
    return sorted(found.values(), key=lambda cell: structures.index(digest(cell.described.structure)))


def baselines(plan: Plan, trainer: Trainer) -> list[Cell]:
    """The baselines of a sweep with a sampler, at every combination of the other axes' listed values.

    Their dropout values are the no-dropout point of the search space, where it has one. Beside them stands the network
    as its author wrote it, which counts as one of n_trials.
    """
    if not plan.config["baseline"]:
        return []
    found: dict[str, Cell] = {}
    for values in itertools.islice(_corners(plan.axes), MOST_BASELINES):
        values = plan.compose.active(values)
        described = _without_dropout(describe(plan, trainer, values))
        nothing = {key: 0.0 if _is_rate(key) else value for key, value in values.items()}
        found.setdefault(described.trial.key, Cell(described, nothing))
        as_it_is = _as_it_is(plan, trainer, values)
        if as_it_is is not None:
            found.setdefault(as_it_is.key, as_it_is)
    return list(found.values())


def ends(plan: Plan, trainer: Trainer) -> list[Described]:
    """The ends of the search space, described so that an impossible suggestion is refused before training.

    Listed values are taken in all combinations, at most `MOST_ENDS`; the ends of a range one after another.
    """
    listed = [axis for axis in plan.axes if axis.values is not None]
    first = {axis.key: axis.corners()[0] for axis in plan.axes}
    found = []
    for values in itertools.islice(itertools.product(*(axis.corners() for axis in listed)), MOST_ENDS):
        found.append(
            describe(plan, trainer, {**first, **dict(zip((axis.key for axis in listed), values, strict=True))})
        )
    for axis in plan.axes:
        for value in axis.corners():
            found.append(describe(plan, trainer, {**first, axis.key: value}))
    return found


def describe(plan: Plan, trainer: Trainer, values: Mapping[str, Any]) -> Described:
    """The meaning of a cell. Raises UserError that names the swept values."""
    try:
        return trainer.describe(*plan.compose(values))
    except UserError as error:
        if not values:
            raise
        where = " ".join(f"{key}={value}" for key, value in values.items())
        raise UserError(f"{error}\n(in the configuration {where})") from error


def warnings(found: Iterable[Described]) -> list[str]:
    """What is unwise about configurations: a sentence for each method and reason, with its sites."""
    sites: dict[tuple[str, str], dict[str, None]] = {}
    for described in found:
        for method, site, advice in described.warnings:
            sites.setdefault((method, advice), {})[site] = None
    return [f"warning: dropout={method} at {', '.join(at)}: {advice}" for (method, advice), at in sites.items()]


def _corners(axes: Sequence[Axis]) -> Iterator[dict[str, Any]]:
    """Combinations of the listed values of axes that are not about dropout; a range is at its middle."""
    choices = []
    for axis in axes:
        if is_dropout(axis.key) or axis.values is None:
            choices.append([_middle(axis)])
        else:
            choices.append(list(axis.values))
    for combination in itertools.product(*choices):
        yield dict(zip((axis.key for axis in axes), combination, strict=True))


def _middle(axis: Axis) -> Any:
    if axis.values is not None:
        return axis.values[0]
    low, high = axis.low_high or (0.0, 0.0)
    middle = math.sqrt(low * high) if getattr(axis.distribution, "log", False) else (low + high) / 2
    return round(middle) if isinstance(low, int) else middle


def _without_dropout(described: Described) -> Baseline:
    label = {**described.label, "placement": "none", "rate": 0.0, "dropout": "none", "schedule": "none"}
    without = described.structure_without
    return Baseline(Trial.of(described.trial.config, {}), without, without, label)


def _as_it_is(plan: Plan, trainer: Trainer, values: Mapping[str, Any]) -> Cell | None:
    """The network as its author wrote it, in the context of these values; None where it has no dropout of its own."""
    found = trainer.as_it_is(*plan.compose(values))
    if found is None:
        return None
    described, own = found
    known = {key: value for key, value in own.items() if any(axis.key == key for axis in plan.axes)}
    return Cell(described, {**_other_values(values), **known})


def _other_values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if not is_dropout(key)}


def _is_rate(key: str) -> bool:
    return key.split(".")[0] in ("rate", "rates")
