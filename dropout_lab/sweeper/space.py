"""Overrides of Hydra's sweep grammar <-> the axes of a search space and their Optuna distributions."""

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, IntervalSweep, Override, QuotedString, RangeSweep
from hydra.errors import HydraException
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import Trial as OptunaTrial

from dropout_lab.config.roles import by_site, is_unlisted
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import canonical_json

MOST_VALUES = 100_000
"""The most values of a range."""
DIGITS = 12
"""Significant digits of a swept number: 0.1 + 0.2 and 0.3 are one configuration."""


@dataclass(frozen=True)
class Axis:
    """One swept key, with listed `values` or, without, an interval that only a sampler can search."""

    key: str
    distribution: BaseDistribution
    values: Sequence[Any] | None
    repeated: Sequence[Any] | None = None
    """`values` as they were listed, with repeats: these count where the axis is zipped with others."""
    is_new: bool = False
    """Whether the override adds the key to the config: it was written `+key=...`, or it is a site's or a group's."""

    @property
    def low_high(self) -> tuple[float, float] | None:
        d = self.distribution
        return (d.low, d.high) if isinstance(d, FloatDistribution | IntDistribution) else None

    def corners(self) -> Sequence[Any]:
        """Every listed value, or the ends of the interval: if these are allowed, all values are."""
        return self.values if self.values is not None else tuple(self.low_high or ())

    def contains(self, value: Any) -> bool:
        """Whether the axis can take this value."""
        try:
            return self.distribution._contains(self.distribution.to_internal_repr(param(value)))
        except ValueError:
            return False

    def suggest(self, trial: OptunaTrial) -> Any:
        """The sampler's value: the same one each time for the same trial."""
        d = self.distribution
        if isinstance(d, FloatDistribution):
            return _tidy(trial.suggest_float(self.key, d.low, d.high, step=d.step, log=d.log))
        if isinstance(d, IntDistribution):
            return trial.suggest_int(self.key, d.low, d.high, step=d.step, log=d.log)
        assert self.values is not None
        label = trial.suggest_categorical(self.key, [param(value) for value in self.values])
        return next(value for value in self.values if param(value) == label)

    def describe(self) -> Any:
        """The axis for records and people: its values, or its ends."""
        if self.values is not None:
            return list(self.values)
        low, high = self.low_high or (math.nan, math.nan)
        return {"low": low, "high": high, "log": getattr(self.distribution, "log", False)}


def parse(lines: Iterable[str], group_options: Callable[[str], Sequence[str]]) -> tuple[list[Axis], list[str]]:
    """Override lines -> the swept axes, and the lines that fix one value.

    `group_options` gives the members of a config group (for glob), or nothing for any other key.
    Raises UserError, naming the key, for a sweep that has no value or no meaning.
    """
    try:
        overrides = OverridesParser.create().parse_overrides(overrides=list(lines))
    except HydraException as error:
        raise UserError(str(error)) from error
    axes, fixed = [], []
    for override in overrides:
        if override.is_sweep_override():
            axis = _axis(override, group_options)
            axes.append(replace(axis, is_new=override.is_add() or override.is_force_add() or is_unlisted(axis.key)))
        else:
            fixed.append(str(override.input_line))
    keys = [override.get_key_element().lstrip("+~") for override in overrides]
    for key in keys:
        section, _, pattern = key.partition(".")
        inner = next((other for other in keys if section in by_site() and other.startswith(f"{key}.")), None)
        if inner is not None and pattern:
            rest = inner.removeprefix(f"{section}.")
            raise UserError(
                f"{key}, {inner}: one would hide the other; write '{section}={{{pattern}.*:...,{rest}:...}}'"
            )
    keys = [axis.key for axis in axes]
    for key in keys:
        if keys.count(key) > 1:
            raise UserError(f"{key}: swept twice; give all its values in one override")
    return axes, fixed


def key_of(line: str) -> str:
    """The key of one override line, without the signs that add or delete it."""
    key: str = OverridesParser.create().parse_overrides(overrides=[line])[0].get_key_element()
    return key.lstrip("+~")


def param(value: Any) -> str | int | float | bool | None:
    """A value as an Optuna parameter: scalars as they are, lists and dictionaries as JSON."""
    return value if value is None or isinstance(value, str | int | float | bool) else canonical_json(value)


def distinct(values: Iterable[Any]) -> list[Any]:
    """The values without repeats, in their order."""
    return list({canonical_json(value): value for value in values}.values())  # in JSON, 1 and true differ


def params(values: Mapping[str, Any]) -> dict[str, str | int | float | bool | None]:
    """Values of axes as Optuna's parameters."""
    return {key: param(value) for key, value in values.items()}


def point_distributions(values: Mapping[str, Any]) -> dict[str, BaseDistribution]:
    """A distribution for each value of a grid's cell. Numbers stay numbers, so that a dashboard can draw them."""
    return {key: _point(param(value)) for key, value in values.items()}


def _point(value: str | int | float | bool | None) -> BaseDistribution:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return CategoricalDistribution([value])
    return IntDistribution(value, value) if isinstance(value, int) else FloatDistribution(value, value)


def _axis(override: Override, group_options: Callable[[str], Sequence[str]]) -> Axis:
    key = override.get_key_element().lstrip("+")
    sweep = override.value()
    if override.is_delete():
        raise UserError(f"{override.input_line}: a deletion cannot be swept")
    tags = set(getattr(sweep, "tags", ()))
    if tags - {"log"}:
        raise UserError(f"{key}: unknown tag {', '.join(sorted(tags - {'log'}))}; allowed: log")
    if tags and not isinstance(sweep, IntervalSweep | RangeSweep):
        raise UserError(f"{override.input_line}: listed values have no scale; log is for interval and range")
    if isinstance(sweep, IntervalSweep):
        return Axis(key, _interval(key, sweep, log="log" in tags), None)
    if isinstance(sweep, Glob):
        values = list(sweep.filter(list(group_options(key))))
    elif isinstance(sweep, RangeSweep):
        values = _steps(override, sweep)
    else:
        try:
            values = [_plain(value) for value in override.sweep_iterator()]
        except (HydraException, ValueError) as error:
            raise UserError(f"{override.input_line}: {error}") from error
    if not all(map(_is_finite, values)):
        raise UserError(f"{override.input_line}: numbers must be finite")
    different = distinct(values)
    if not different:
        options = f"; {key} offers {', '.join(group_options(key))}" if group_options(key) else ""
        raise UserError(f"{override.input_line}: no value to sweep over{options}")
    if isinstance(sweep, RangeSweep) and (tags or (not sweep.shuffle and len(different) > 1)):
        return Axis(key, _range(override, sorted(different), log="log" in tags), different)
    return Axis(key, CategoricalDistribution([param(value) for value in different]), different, values)


def _interval(key: str, sweep: IntervalSweep, *, log: bool) -> BaseDistribution:
    low, high = sweep.start, sweep.end
    if low is None or high is None or not math.isfinite(low) or not math.isfinite(high) or low >= high:
        raise UserError(f"{key}=interval({low},{high}): must be finite, the lower end first")
    if log and low <= 0:
        raise UserError(f"{key}=tag(log,interval({low},{high})): a logarithmic range must begin above 0")
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(low, high, log=log)


def _steps(override: Override, sweep: RangeSweep) -> list[Any]:
    """The values of a range without its stop, computed in decimals: in a sum of floats, 0.8 can be below 0.8."""
    ends = (sweep.start, sweep.stop, sweep.step)
    if not sweep.step or any(number is None or not math.isfinite(number) for number in ends):
        cast = " (a cast applies to start, stop and step alike)" if not sweep.step else ""
        raise UserError(f"{override.input_line}: a range needs a finite start and stop, and a step that is not 0{cast}")
    start, stop, step = (Decimal(str(number)) for number in ends)
    count = max(0, math.ceil((stop - start) / step))
    whole = all(isinstance(number, int) for number in ends)
    if count > MOST_VALUES:
        raise UserError(f"{override.input_line}: has {count} values; at most {MOST_VALUES}, so take a larger step")
    if count == 1 and not whole and isinstance(sweep.step, int):
        key, tenth = override.get_key_element().lstrip("+"), (stop - start) / 10
        raise UserError(
            f"{override.input_line}: is the one value {start}, for its step is {step}; write a smaller one, such as "
            f"{key}=range({start},{stop},{tenth.normalize():f}), or {key}={start} for this value"
        )
    values = [start + index * step for index in range(count)]
    if sweep.shuffle:
        random.shuffle(values)
    return [int(value) if whole else float(value) for value in values]


def _range(override: Override, values: Sequence[Any], *, log: bool) -> BaseDistribution:
    """The distribution of a range's values, which ascend. Optuna has logarithmic steps for whole numbers only."""
    low, high, step = values[0], values[-1], values[1] - values[0] if len(values) > 1 else 1
    whole = all(isinstance(value, int) for value in values)
    if log and (not whole or step != 1 or low < 1):
        raise UserError(
            f"{override.input_line}: a logarithmic range has whole numbers of at least 1 in steps of 1; "
            f"tag(log,interval(...)) has all numbers between its ends"
        )
    return IntDistribution(low, high, step=step, log=log) if whole else FloatDistribution(low, high, step=_tidy(step))


def _is_finite(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_finite, value))
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    return not isinstance(value, float) or math.isfinite(value)


def _plain(value: Any) -> Any:
    """A parsed element as plain Python, without quotes and with floats rounded to `DIGITS`."""
    if isinstance(value, QuotedString):
        return value.text
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    return _tidy(value) if isinstance(value, float) else value


def _tidy(value: float) -> float:
    return float(f"{float(value):.{DIGITS}g}") + 0.0  # -0 is 0
